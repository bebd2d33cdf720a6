"""Both are asked, and a client must please both.

`Require ip 192.0.2.0/24` next to `Order allow,deny` without Allow refuses everybody. Pairs that say
the same twice (`Allow from all` with `Require all granted`) are left to RP502.

Keep the Require lines alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_OLD: Final = ("order", "allow", "deny")


def check(subject: Subject) -> Iterator[Finding]:
    seen: set[int] = set()
    for line in subject.lines(*_OLD):
        section = line.section
        if section is None or id(section) in seen:
            continue
        seen.add(id(section))
        new = [item for item in section.children or () if item.key == "require"]
        old = [item for item in section.children or () if item.key in _OLD]
        if new and old and not _say_the_same(old, new):
            yield Finding(
                old[0].location,
                "a client must please both this and Require",
                "keep the Require lines alone",
                ((new[0].location, "is asked too"),),
            )


def _say_the_same(old: list[Directive], new: list[Directive]) -> bool:
    granted = all(_words(item) == ("all", "granted") for item in new)
    denied = all(_words(item) == ("all", "denied") for item in new)
    allows = any(item.key == "allow" and _words(item) == ("from", "all") for item in old)
    denies = any(item.key == "deny" and _words(item) == ("from", "all") for item in old)
    return (granted and not denies and allows) or (denied and denies and not allows)


def _words(item: Directive) -> tuple[str, ...]:
    return tuple(word.lower() for word in item.values)


RULE: Final = Rule(
    "RP501",
    "mixed-access-syntax",
    Severity.ERROR,
    "Order, Allow or Deny next to Require in one section",
    check,
)
