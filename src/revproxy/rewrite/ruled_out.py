"""Which rules the facts of a request rule out, before any pattern is tried.

Laws:
- A fact is what no rule changes: the method, the fields, and what follows from the connection.
- A rule is ruled out where its conditions on facts alone cannot all hold, and nobody could tell
  that nothing else of it was asked: its pattern and the conditions before cannot end the request,
  look ahead or look into a map.
- What a value decides is remembered for the value; what all of them decide, for the next request
  of the same connection. Of both a bounded number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Final

from revproxy.pattern import REMEMBERED, REMEMBERED_LENGTH, longest_subject
from revproxy.records import dataclass
from revproxy.rewrite.conditions import FILE_TESTS, Condition, check_of
from revproxy.rewrite.expand import compile_template
from revproxy.rewrite.run import Part, Run
from revproxy.rewrite.stretch import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable

    from revproxy.rewrite.maps import RewriteMap
    from revproxy.rewrite.rule import Step

_ON_FACTS: Final = re.compile(
    r"(?:[^$%\\]|%\{(?:HTTP[_:][^}{]+|CONN_REMOTE_ADDR|HTTPS|IPV6|REMOTE_ADDR|REQUEST_METHOD"
    r"|REQUEST_SCHEME|SERVER_(?:ADDR|ADMIN|NAME|PORT|SOFTWARE))\})*",
    re.IGNORECASE,
).fullmatch
"""Subjects that are made of facts alone."""

_OUTCOMES: Final = 64
"""How many outcomes a list of rules prepares for; for further ones no rule is ruled out."""


@dataclass(frozen=True, slots=True)
class _Fact:
    """A subject, and the conditions on it."""

    value: Part
    fails: list[tuple[int, Callable[[str], bool]]] = field(default_factory=list)
    """The bit of a condition, and whether a value makes it fail."""
    known: dict[str, int] = field(default_factory=dict)
    """From values to the bits of the conditions that fail."""

    def failing(self, run: Run) -> int:
        """The bits of the conditions that fail in this request."""
        value = self.value(run)
        bits = self.known.get(value)
        if bits is None:
            bits = 0
            for bit, fails in self.fails:
                if fails(value):
                    bits |= bit
            if len(value) <= REMEMBERED_LENGTH:
                if len(self.known) >= REMEMBERED:
                    self.known.clear()
                self.known[value] = bits
        return bits


class RuledOut:
    """What the conditions of a list of rules make of a request's facts."""

    def __init__(self, steps: Sequence[Step], stretches: Mapping[int, Stretch]) -> None:
        self._stretches = stretches
        self._facts: dict[str, _Fact] = {}
        self._bits: dict[Condition, int] = {}
        # A rule's index, and the bits that rule it out where all are set.
        self._masks = [
            (index, mask) for index, step in enumerate(steps) for mask in self._masks_of(step)
        ]
        self.nothing = tuple(range(len(steps) + 1))
        """From each index to itself: what `following` says where no rule is ruled out."""
        self._known: dict[int, tuple[int, ...]] = {}

    def following(self, run: Run) -> tuple[int, ...]:
        """From each index to the first one there or behind that has to be looked at."""
        if not self._masks:
            return self.nothing
        exchange = run.exchange
        # Compared entry by entry: fields that were met before are the same objects.
        key = (
            exchange.fields.items,
            exchange.method,
            exchange.host,
            exchange.host_port,
            exchange.client_address,
        )
        memo = exchange.connection.memo.get(self)
        if memo is not None and memo[0] == key:
            remembered: tuple[int, ...] = memo[1]
            return remembered
        bits = 0
        for fact in self._facts.values():
            bits |= fact.failing(run)
        if run.vary_this:
            run.vary_this.clear()
        found = self._known.get(bits)
        if found is None:
            found = self._prepare(bits)
        exchange.connection.memo[self] = (key, found)
        return found

    def _prepare(self, bits: int) -> tuple[int, ...]:
        if len(self._known) >= _OUTCOMES:
            return self.nothing
        out = {index for index, mask in self._masks if bits & mask == mask}
        following = [self.nothing[-1]]
        for index in reversed(self.nothing[:-1]):
            stretch = self._stretches.get(index)
            # One regex rules out a stretch that still has other rules.
            keeps = index not in out or (
                stretch is not None and not out.issuperset(range(index, stretch.behind))
            )
            following.append(index if keeps else following[-1])
        following.reverse()
        found = self._known[bits] = tuple(following)
        return found

    def _masks_of(self, step: Step) -> list[int]:
        """For each group of conditions joined by OR: the bits that make it fail."""
        if step.flags.chain or longest_subject(step.pattern) < math.inf:
            return []
        masks = []
        group: list[Condition] = []
        for condition in step.conditions:
            if not condition.is_harmless:
                break
            group.append(condition)
            if condition.or_next:
                continue
            if all(_ON_FACTS(item.subject) and item.kind not in FILE_TESTS for item in group):
                masks.append(sum({self._bit(item) for item in group}))
            group = []
        return masks

    def _bit(self, condition: Condition) -> int:
        """The bit of a condition, the same for the same question."""
        bit = self._bits.get(condition)
        if bit is None:
            bit = self._bits[condition] = 1 << len(self._bits)
            fact = self._facts.get(condition.subject)
            if fact is None:
                fact = _Fact(compile_template(condition.subject, _no_map))
                self._facts[condition.subject] = fact
            fact.fails.append((bit, _failing(condition)))
        return bit


def _failing(condition: Condition) -> Callable[[str], bool]:
    negated = condition.negated
    if condition.pattern is not None:
        search = condition.pattern.search
        return lambda value: (search(value) is None) is not negated
    check = check_of(condition)
    return lambda value: check(value) is negated


def _no_map(name: str) -> RewriteMap:
    raise KeyError(name)
