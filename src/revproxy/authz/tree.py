"""What `Require` and its containers say of a request (mod_authz_core).

Laws:
- An answer is granted, denied, neutral (nothing said) or "denied as long as there is no user".
- A line within `<Limit>` says nothing of other methods.
- RequireAll: one denial denies, one grant grants. RequireAny: one grant grants, one denial denies.
  RequireNone: what one of its members grants is denied, it never grants.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import field

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.records import dataclass


class Answer(enum.Enum):
    """What a part of the tree says."""

    GRANTED = "granted"
    DENIED = "denied"
    NO_USER = "denied (no authenticated user yet)"
    NEUTRAL = "neutral"


Provider = Callable[[Exchange], bool | None]
"""Whether a request has what is required; None where only a user could tell."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One `Require`; `negated` by `not`. `methods` None: for all of them."""

    text: str
    provider: Provider
    negated: bool = False
    methods: frozenset[str] | None = None
    methods_excepted: bool = False
    prepare: Callable[[Exchange], Awaitable[None]] | None = None
    """What has to be looked up before the provider is asked."""
    location: Location | None = field(default=None, compare=False)

    def ask(self, exchange: Exchange) -> Answer:
        """What the line says, told to who listens."""
        answer = self._answer(exchange)
        if exchange.trace is not None:
            outcome = f"Require {self.text}: {answer.value}"
            acted = answer is not Answer.NEUTRAL or self.negated
            exchange.trace("mod_authz_core", outcome, self.location, acted=acted)
        return answer

    def _answer(self, exchange: Exchange) -> Answer:
        if not covers(exchange.method, self.methods, self.methods_excepted):
            return Answer.NEUTRAL
        holds = self.provider(exchange)
        if self.negated:
            return Answer.DENIED if holds else Answer.NEUTRAL
        if holds is None:
            return Answer.NO_USER
        return Answer.GRANTED if holds else Answer.DENIED


@dataclass(frozen=True, slots=True)
class Group:
    """A container: kind "all", "any" or "none"."""

    kind: str
    members: tuple[Rule | Group, ...]

    def ask(self, exchange: Exchange) -> Answer:
        decisive = Answer.DENIED if self.kind == "all" else Answer.GRANTED
        weaker = Answer.GRANTED if self.kind == "all" else Answer.DENIED
        answer = Answer.NEUTRAL
        for member in self.members:
            said = member.ask(exchange)
            if said is decisive:
                answer = said
                break
            if answer is Answer.NEUTRAL or (said is Answer.NO_USER and answer is weaker):
                answer = said
        if self.kind == "none":
            return Answer.DENIED if answer is Answer.GRANTED else Answer.NEUTRAL
        return answer


def covers(method: str, methods: frozenset[str] | None, excepted: bool) -> bool:
    """Whether a line within `<Limit>` (`<LimitExcept>` where `excepted`) is for a method."""
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


def rules_of(group: Group) -> Iterator[Rule]:
    """Every rule of a tree."""
    for member in group.members:
        if isinstance(member, Rule):
            yield member
        else:
            yield from rules_of(member)
