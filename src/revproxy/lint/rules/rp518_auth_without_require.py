"""AuthType in a place where nothing is required.

Whoever wrote it wanted the place guarded; Apache answers every request there with 500.

Add `Require valid-user` (or what else is wanted), or take AuthType back with `AuthType None`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Line, Rule, Subject

_REQUIRES: Final = frozenset(("require", "requireall", "requireany", "requirenone"))


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("authtype"):
        if line.values[:1] and line.values[0].lower() != "none" and not _may_require(line, subject):
            yield Finding(
                line.location,
                "AuthType without any Require: every request here is 500",
                "add Require valid-user",
            )


def _may_require(line: Line, subject: Subject) -> bool:
    """Whether a Require stands in the same section, or in one that may be merged with it."""
    section = line.section
    if section is None:
        return True
    if any(child.key in _REQUIRES for child in section.walk()):
        return True
    return any(_overlaps(section, other) for other in _requiring(subject))


def _requiring(subject: Subject) -> Iterator[Directive]:
    for line in subject.lines(*_REQUIRES):
        if line.section is not None:
            yield line.section


def _overlaps(section: Directive, other: Directive) -> bool:
    """Whether another section may be merged with this one; in doubt it may."""
    if section.key != "location" or other.key != "location":
        return True
    mine, theirs = (item.values[0] if item.values else "" for item in (section, other))
    return mine.startswith(theirs) or theirs.startswith(mine) or "~" in (mine, theirs)


RULE: Final = Rule(
    "RP518",
    "auth-without-require",
    Severity.ERROR,
    "AuthType where nothing is required",
    check,
)
