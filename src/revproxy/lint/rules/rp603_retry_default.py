"""A member that failed once gets no request for 60 seconds.

That is the default of `retry=`. In a small balancer it is long: the others carry its load.

Add `retry=5` to the members.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.balancers import balancers
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for balancer in balancers(subject):
        for line in balancer.members:
            if not any(word.lower().startswith("retry=") for word in line.values):
                yield Finding(
                    line.location, "after one failure it is left out for 60 s", "add retry=5"
                )
                break


RULE: Final = Rule(
    "RP603",
    "retry-default",
    Severity.INFO,
    "members of a balancer without retry=",
    check,
)
