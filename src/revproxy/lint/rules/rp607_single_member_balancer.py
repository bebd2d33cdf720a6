"""There is nothing to balance; a ProxyPass to the member does the same.

Name the member in the ProxyPass, or add another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.balancers import balancers
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for balancer in balancers(subject):
        if len(balancer.members) == 1:
            yield Finding(
                balancer.members[0].location, "the balancer has no other member", "ProxyPass to it"
            )


RULE: Final = Rule(
    "RP607",
    "single-member-balancer",
    Severity.INFO,
    "a balancer with one member",
    check,
)
