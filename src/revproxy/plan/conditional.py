"""The sections of a plan; `<If>`, `<ElseIf>`, `<Else>`: those that hold by what a request is.

Laws:
- An entry stands for itself: what is no longer known anywhere leaves nothing behind.
- The conditional sections of the server come first, then those that stand in the sections that
  cover the request, in the order of these; then, level by level, those that stand in what holds.
- Of a chain one section holds at most; a condition that cannot be evaluated does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from revproxy.config.merge import Section
from revproxy.http.message import Exchange
from revproxy.module import ScopeKind
from revproxy.pattern import Pattern
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A section that covers requests."""

    kind: str
    """The walk that finds it: "directory", "files", "location", "proxy" or "if"."""
    section: Section
    ifs: tuple[Conditional, ...] = ()
    """The conditional sections that stand in it."""
    named: Pattern | None = None
    """Its regex where that has named groups: what they match goes to the environment."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """One section of a chain."""

    entry: Entry
    condition: Callable[[Exchange], bool] | None
    """None for `<Else>`."""
    follows: bool
    """It counts only where those before it in its chain do not hold."""
    inner: tuple[Conditional, ...]


def entry_of(kind: str, section: Section) -> Entry:
    """The entry of a section."""
    pattern = section.scope.pattern
    named = pattern if pattern is not None and pattern.groupindex else None
    return Entry(kind, section, conditionals(section.children), named)


def conditionals(sections: Iterable[Section]) -> tuple[Conditional, ...]:
    """The conditional ones of these sections."""
    return tuple(
        Conditional(
            Entry("if", section),
            section.condition,
            section.directive.key != "if",
            conditionals(section.children),
        )
        for section in sections
        if section.scope.kind is ScopeKind.IF
    )


def holding(level: Sequence[Conditional], exchange: Exchange) -> list[Entry]:
    """The sections that hold, in the order they are merged."""
    found = []
    while level:
        inner: list[Conditional] = []
        holds = False
        for item in level:
            if holds and item.follows:
                continue
            holds = item.condition is None or item.condition(exchange)
            if holds:
                found.append(item.entry)
                inner += item.inner
        level = inner
    return found
