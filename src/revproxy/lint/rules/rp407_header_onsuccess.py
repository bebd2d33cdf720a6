"""Without `always`, Header adds the field to successful responses and to those of origins alone.

Pages that this server makes itself (404, 403, 503) go without it.

Write `Header always set`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_SECURITY: Final = (
    "strict-transport-security",
    "content-security-policy",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
)
_ACTIONS: Final = ("set", "setifempty", "append", "merge", "add")


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("header"):
        words = [word.lower() for word in line.values]
        sets = words[:1] and words[0] in _ACTIONS and len(words) > 2
        if sets and words[1] in _SECURITY and "expr=" not in "".join(words[3:]):
            yield Finding(
                line.word(1), f"error pages have no {line.values[1]}", "write Header always"
            )


RULE: Final = Rule(
    "RP407",
    "header-onsuccess",
    Severity.INFO,
    "a security header that error pages do not have",
    check,
)
