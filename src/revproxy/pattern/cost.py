"""Parts of a pattern: how they are written for `re`, and what searching for them may cost.

Laws:
- The degree is the power of a subject's length that the work grows with; a part that repeats what
  can be cut in many ways grows faster than any power: it runs away.
- What is not known to be cheap counts as dear.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Final

from revproxy.records import dataclass

_MANY: Final = 10
"""A repetition up to this number is not counted as one without end."""
_CHOICES: Final = 12
"""Optional parts in a row: each doubles the ways to cut a text."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a pattern."""

    text: str
    low: int = 0
    """The fewest octets that it matches."""
    high: int | None = 0
    """The most; None for any number."""
    degree: int = 0
    runs_away: bool = False
    choices: int = 0
    """Optional parts in it."""
    members: frozenset[int] | None = None
    """The octets it can begin with, where that is known."""
    is_anchored: bool = False
    """It matches at the beginning of the subject alone."""
    is_assertion: bool = False
    is_bare: bool = False
    """No quantifier may follow."""


def sequence(parts: Sequence[Part]) -> Part:
    """Parts one after the other."""
    if not parts:
        return Part("")
    high = None if any(part.high is None for part in parts) else sum(p.high or 0 for p in parts)
    choices = sum(part.choices for part in parts)
    first = next((part for part in parts if not part.is_assertion), parts[0])
    return Part(
        "".join(part.text for part in parts),
        sum(part.low for part in parts),
        high,
        sum(part.degree for part in parts),
        any(part.runs_away for part in parts) or choices > _CHOICES,
        choices,
        first.members if first.low else None,
        _begins_anchored(parts),
        all(part.is_assertion for part in parts),
    )


def _begins_anchored(parts: Sequence[Part]) -> bool:
    for part in parts:
        if part.is_anchored or not part.is_assertion:
            return part.is_anchored
    return False


def alternation(branches: Sequence[Part]) -> Part:
    """One of several branches."""
    if len(branches) == 1:
        return branches[0]
    highs = [branch.high for branch in branches]
    members = [branch.members for branch in branches]
    return Part(
        "|".join(branch.text for branch in branches),
        min(branch.low for branch in branches),
        None if None in highs else max(high or 0 for high in highs),
        max(branch.degree for branch in branches),
        any(branch.runs_away for branch in branches),
        max(branch.choices for branch in branches) + (0 if _are_apart(members) else 1),
        None if None in members else frozenset().union(*(m for m in members if m is not None)),
        all(branch.is_anchored for branch in branches),
        all(branch.is_assertion for branch in branches),
    )


def _are_apart(sets: Iterable[frozenset[int] | None]) -> bool:
    """No two of the branches can begin with the same octet."""
    known: set[int] = set()
    for members in sets:
        if members is None or not known.isdisjoint(members):
            return False
        known |= members
    return True


def repeated(part: Part, written: str, least: int, most: int | None, *, keeps: bool) -> Part:
    """A part with a quantifier; `keeps` where it gives nothing back (`++`)."""
    high = None if most is None or part.high is None else part.high * most
    is_endless = most is None or most > _MANY
    varies = part.low != part.high or part.choices > 0
    return replace(
        part,
        text=part.text + written,
        low=part.low * least,
        high=0 if part.high == 0 else high,
        degree=part.degree + (1 if is_endless and part.high != 0 else 0),
        runs_away=part.runs_away or (is_endless and varies and not keeps),
        choices=part.choices * (most or 1) + (0 if most == least or is_endless or keeps else 1),
        members=part.members if least else None,
        # What begins with `.*` is found at the beginning or nowhere.
        is_anchored=(part.is_anchored and least > 0) or (part.text == "." and written[0] == "*"),
    )


def grouped(part: Part, before: str, after: str = ")") -> Part:
    """A part in parentheses."""
    return replace(part, text=f"{before}{part.text}{after}")


def asserted(parts: Iterable[Part]) -> Part:
    """Assertions one after the other: they match no octets."""
    joined = reduce(lambda one, other: sequence((one, other)), parts)
    return replace(joined, low=0, high=0, members=None, is_anchored=False, is_assertion=True)
