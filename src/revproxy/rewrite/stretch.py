"""Stretches of rules that one regex can rule out together.

Laws:
- A stretch is a run of rules whose patterns begin with `^` and do nothing where they miss: not
  negated, not chained, and so simple that they can stand in an alternation without their groups.
- Its regex matches exactly where at least one of the patterns does, and tells the first that does:
  the rules before it are passed over, and where none does, all of the stretch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from revproxy.pattern import Pattern, longest_subject
from revproxy.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

_SHORTEST: Final = 3
"""For fewer rules one more regex does not pay."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rules in a row, and the way to pass over them."""

    match: Callable[[str], re.Match[str] | None]
    """`lastindex` is the number of the first pattern that matches, from 1."""
    start: int
    behind: int
    """The index of the first rule behind."""
    longest: float
    """The longest subject that may be tried on all of them without a limit of time."""

    def first(self, subject: str) -> int:
        """The index of the first rule whose pattern matches, or of the first one behind."""
        if len(subject) > self.longest:
            return self.start
        match = self.match(subject)
        if match is None:
            return self.behind
        return self.start + (match.lastindex or 1) - 1


def stretches(patterns: Sequence[Pattern | None]) -> dict[int, Stretch]:
    """The stretches of a list, by the index they begin at; None is a rule that is in none."""
    found: dict[int, Stretch] = {}
    branches: list[str] = []
    longest = math.inf
    for index, pattern in enumerate([*patterns, None]):
        branch = None if pattern is None else _branch(pattern)
        if branch is not None:
            assert pattern is not None
            branches.append(branch)
            longest = min(longest, longest_subject(pattern))
            continue
        if len(branches) >= _SHORTEST:
            union = re.compile("|".join(branches), re.ASCII | re.DOTALL)
            start = index - len(branches)
            found[start] = Stretch(union.match, start, index, longest)
        branches, longest = [], math.inf
    return found


_ANYTHING: Final = "/\x01"
"""A path that nobody writes a rule for: what matches it matches nearly all, and ends a stretch."""

_TOKEN: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|\(|\)|\||[^\\\[()|]+", re.DOTALL
)


def _branch(pattern: Pattern) -> str | None:
    """A pattern as a branch without its groups and its `^`; None where that cannot be."""
    text = pattern.pattern
    if longest_subject(pattern) <= 0:
        return None
    if not text.startswith("^") or pattern.search(_ANYTHING):
        return None
    depth = 0
    parts: list[str] = []
    for token in _TOKEN.findall(text[1:]):
        if token == "(?" or (token[0] == "\\" and token[1].isdigit()):
            return None
        if token == "|" and depth == 0:
            return None
        depth += token.startswith("(")
        depth -= token == ")"
        parts.append("(?:" if token == "(" else token)
    flags = "i" if pattern.flags & re.IGNORECASE else ""
    # The empty group tells this branch from the others.
    return f"(?{flags}:{''.join(parts)})()"
