"""The one keeps connections to the origin, the other closes each after its request.

Leave one out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        closing = [
            line
            for line in server.in_force("setenv")
            if line.values[:1] == ("proxy-nokeepalive",) and not line.sections
        ]
        for entry in passes(server) if closing else ():
            if "keepalive=on" in [word.lower() for word in entry.parameters]:
                yield Finding(
                    entry.line.location,
                    "keepalive=On has no effect: every connection is closed",
                    "leave one of the two out",
                    ((closing[0].location, "closes them"),),
                )


RULE: Final = Rule(
    "RP605",
    "keepalive-contradiction",
    Severity.WARNING,
    "keepalive=On, and proxy-nokeepalive",
    check,
)
