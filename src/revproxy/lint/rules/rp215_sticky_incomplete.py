"""A client's session says the route of a member, and no member has one.

`stickysession=` looks the route up in a cookie; members without `route=` are never found by it, and
each request may go to another member.

Add `route=` to each BalancerMember.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.balancers import balancers
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for balancer in balancers(subject):
        sticky = balancer.parameter("stickysession")
        members = [line for line in balancer.members if _has_no_route(line.values)]
        if sticky is not None and len(balancer.members) > 1 and members:
            yield Finding(
                members[0].location,
                "no session is bound to this member: it has no route=",
                "add route= with a name of its own",
                ((sticky, "sessions are looked for here"),),
            )


def _has_no_route(values: tuple[str, ...]) -> bool:
    return not any(word.lower().startswith("route=") for word in values)


RULE: Final = Rule(
    "RP215",
    "sticky-incomplete",
    Severity.WARNING,
    "stickysession= and members without route=",
    check,
)
