"""Rules of a `<Location>` do not see the path of the URL.

What they look at is the file's whole name, or `proxy:http://b/...` where a ProxyPass applies; `^/x`
is compared with that. Apache's manual calls it unsupported.

Write the rule outside of the section, with the section's path in its pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import location_path
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            section = rewrite.line.section
            if section is None or section.key != "location" or rewrite.is_negated:
                continue
            path, is_regex = location_path(section)
            # Without ^ the pattern is found in the origin's URL, too.
            if not is_regex and path != "/" and rewrite.pattern.startswith(f"^{path}"):
                yield Finding(
                    rewrite.line.word(0),
                    "rules in a <Location> do not see the URL's path",
                    "write the rule outside of the section",
                )


RULE: Final = Rule(
    "RP307",
    "rewrite-in-location",
    Severity.WARNING,
    "a rule in a Location that expects the path of the URL",
    check,
)
