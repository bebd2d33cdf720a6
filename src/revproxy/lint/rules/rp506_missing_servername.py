"""A virtual host that is not the first of its address and has no name gets no request of its own.

Apache takes the machine's name for it, which is hardly what was meant.

Add ServerName.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    seen: set[tuple[str, ...]] = set()
    for host in subject.hosts:
        if host.directive is None:
            continue
        words = host.directive.values
        if words in seen and not host.named("servername", "serveralias"):
            yield Finding(
                host.directive.location,
                "this virtual host has no name, and is not the first of its address",
                "add ServerName",
            )
        seen.add(words)


RULE: Final = Rule(
    "RP506",
    "missing-servername",
    Severity.WARNING,
    "a virtual host without ServerName behind others of its address",
    check,
)
