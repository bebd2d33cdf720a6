"""The words of Apache 2.2, which mod_access_compat still serves.

They are merged by other rules than Require, and easily meant otherwise than they are read.

Write `Require all granted`, `Require all denied`, `Require ip ...`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("order"):
        yield Finding(line.location, "Order is of Apache 2.2", "write Require instead")


RULE: Final = Rule(
    "RP502",
    "legacy-access",
    Severity.INFO,
    "Order, Allow and Deny",
    check,
)
