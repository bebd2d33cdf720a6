"""A client waits a minute for an origin that does not answer, and the connection is held as long.

Neither ProxyTimeout nor Timeout, `timeout=` or `connectiontimeout=` says how long.

Add `ProxyTimeout 30`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        if server.in_force("proxytimeout", "timeout"):
            continue
        for entry in passes(server):
            words = "".join(entry.parameters).lower()
            if entry.target != "!" and "timeout=" not in words:
                yield Finding(
                    entry.line.location, "the default of 60 s is in force", "add ProxyTimeout"
                )
                break


RULE: Final = Rule(
    "RP604",
    "timeout-unset",
    Severity.INFO,
    "no time limit for origins",
    check,
)
