"""The firewall has rules, and the engine does not run them.

With `SecRuleEngine Off` no rule is looked at; with `DetectionOnly` (a remark, as one begins so)
they are logged and let everything pass.

Write `SecRuleEngine On`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    if not any(subject.lines("secrule", "secaction")):
        return
    for line in subject.lines("secruleengine"):
        mode = line.values[0].lower() if line.values else ""
        if line.sections or mode not in ("off", "detectiononly"):
            continue
        detects = mode == "detectiononly"
        yield Finding(
            line.word(0),
            "the rules are logged and stop nothing" if detects else "no rule is looked at",
            "SecRuleEngine On",
            severity=Severity.INFO if detects else None,
        )


RULE: Final = Rule(
    "RP116",
    "secrule-engine-off",
    Severity.WARNING,
    "rules of mod_security2 that stop nothing",
    check,
)
