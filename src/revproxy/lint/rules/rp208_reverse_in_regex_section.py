"""The regex of the section is taken for a path, letter by letter.

In `<LocationMatch "^/(a|b)/">` a redirect of the origin becomes `http://host^/(a|b)/x`.

Write `ProxyPassReverse /a/ http://...` outside of the section.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import location_path
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("proxypassreverse"):
        section = line.section
        if section is None or section.key not in ("location", "locationmatch"):
            continue
        path, is_regex = location_path(section)
        if is_regex and len(line.values) == 1:
            yield Finding(
                line.location,
                f"{path} is taken for a path, letter by letter",
                "write it with a path, outside of the section",
                ((section.location, "the section's regex"),),
            )


RULE: Final = Rule(
    "RP208",
    "reverse-in-regex-section",
    Severity.WARNING,
    "a ProxyPassReverse in a section with a regex",
    check,
)
