"""Clients get their request back as the server received it, with fields that proxies have added.

Write `TraceEnable off`, unless something needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("traceenable"):
        if line.values[:1] and line.values[0].lower() in ("on", "extended"):
            yield Finding(
                line.word(0), "TRACE shows clients what proxies have added", "TraceEnable off"
            )


RULE: Final = Rule(
    "RP115",
    "trace-enabled",
    Severity.INFO,
    "TraceEnable On",
    check,
)
