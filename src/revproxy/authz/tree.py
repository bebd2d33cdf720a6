"""What `Require` and its containers say of a request (mod_authz_core).

Laws:
- An answer is one of three: granted, denied, neutral (nothing said).
- A line within `<Limit>` says nothing of other methods.
- RequireAll: one denial denies, one grant grants. RequireAny: one grant grants, one denial denies.
  RequireNone: what one of its members grants is denied, it never grants.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from revproxy.http.message import Exchange


class Answer(enum.Enum):
    """What a part of the tree says."""

    GRANTED = "granted"
    DENIED = "denied"
    NEUTRAL = "neutral"


Provider = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One `Require`; `negated` by `not`. `methods` None: for all of them."""

    text: str
    provider: Provider
    negated: bool = False
    methods: frozenset[str] | None = None
    methods_excepted: bool = False

    def ask(self, exchange: Exchange) -> Answer:
        if not _covers(exchange.method, self.methods, self.methods_excepted):
            return Answer.NEUTRAL
        holds = self.provider(exchange)
        if self.negated:
            return Answer.DENIED if holds else Answer.NEUTRAL
        return Answer.GRANTED if holds else Answer.DENIED


@dataclass(frozen=True, slots=True)
class Group:
    """A container: kind "all", "any" or "none"."""

    kind: str
    members: tuple[Rule | Group, ...]

    def ask(self, exchange: Exchange) -> Answer:
        decisive, fallback = {
            "all": (Answer.DENIED, Answer.GRANTED),
            "any": (Answer.GRANTED, Answer.DENIED),
            "none": (Answer.GRANTED, Answer.NEUTRAL),
        }[self.kind]
        answer = Answer.NEUTRAL
        for member in self.members:
            said = member.ask(exchange)
            if said is decisive:
                return Answer.DENIED if self.kind == "none" else decisive
            if said is fallback:
                answer = fallback
        return answer


def _covers(method: str, methods: frozenset[str] | None, excepted: bool) -> bool:
    if methods is None:
        return True
    named = method in methods or (method == "HEAD" and "GET" in methods)
    return named is not excepted


def can_only_deny(group: Group) -> bool:
    """Whether no member of a group can grant: Apache takes that for a mistake."""
    return bool(group.members) and all(
        member.negated if isinstance(member, Rule) else member.kind == "none"
        for member in group.members
    )
