"""`<If>`, `<ElseIf>`, `<Else>`: sections that hold by what a request is.

Laws:
- Those of the server come first, then those that stand in the sections that cover the request, in
  the order of these; then, level by level, those that stand in what holds.
- Of a chain one section holds at most; a condition that cannot be evaluated does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from revproxy.config.merge import Section
from revproxy.http.message import Exchange
from revproxy.module import ScopeKind


@dataclass(frozen=True, slots=True)
class Conditional:
    """One section of a chain."""

    index: int
    """Its place in the virtual host's list."""
    condition: Callable[[Exchange], bool] | None
    """None for `<Else>`."""
    follows: bool
    """It counts only where those before it in its chain do not hold."""
    inner: tuple[Conditional, ...]


def conditionals(sections: Iterable[Section], known: list[Section]) -> tuple[Conditional, ...]:
    """The conditional ones of these sections; each is added to `known`, at its index."""
    found = []
    for section in sections:
        if section.scope.kind is ScopeKind.IF:
            index = len(known)
            known.append(section)
            follows = section.directive.key != "if"
            inner = conditionals(section.children, known)
            found.append(Conditional(index, section.condition, follows, inner))
    return tuple(found)


def holding(level: Sequence[Conditional], exchange: Exchange) -> list[int]:
    """The indexes of the sections that hold, in the order they are merged."""
    found = []
    while level:
        inner: list[Conditional] = []
        holds = False
        for item in level:
            if holds and item.follows:
                continue
            holds = item.condition is None or item.condition(exchange)
            if holds:
                found.append(item.index)
                inner += item.inner
        level = inner
    return found
