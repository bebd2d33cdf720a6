"""An exclusion outside of sections cannot exempt from a ProxyPass in a `<Location>`.

The ProxyPass of the `<Location>` is tried before the whole list of the server, so the exclusion is
never reached.

Write `ProxyPass !` in a `<Location>` of its own, behind the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import covers, passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = list(passes(server))
        for exclusion in entries:
            if exclusion.target != "!" or exclusion.is_regex or exclusion.line.sections:
                continue
            for entry in entries:
                in_location = bool(entry.line.sections) and not entry.is_regex
                if in_location and entry.target != "!" and covers(entry.path, exclusion.path):
                    yield Finding(
                        exclusion.line.word(0),
                        f"{exclusion.path} is not excluded: <Location {entry.path}> is asked first",
                        "write ProxyPass ! in a <Location> of its own",
                        ((entry.line.location, "this ProxyPass takes it"),),
                    )
                    break


RULE: Final = Rule(
    "RP203",
    "proxypass-mixed-contexts",
    Severity.WARNING,
    "an exclusion of the server's that a Location's ProxyPass overrules",
    check,
)
