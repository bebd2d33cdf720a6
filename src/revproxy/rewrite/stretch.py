"""Stretches of rules that one regex can rule out together.

Laws:
- A stretch is a run of rules whose patterns all begin with `^`, or all do not, and do nothing where
  they miss: not negated, not chained, and so simple that they can stand in an alternation.
- Its regex matches exactly where at least one of the patterns does. With `^` it tells the first
  that does, without their groups: the rules before that are passed over. Where none matches, all
  of the stretch is.
"""

from __future__ import annotations

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
    """`lastindex` is the number of the first pattern that matches, from 1; None for any of them."""
    start: int
    behind: int
    """The index of the first rule behind."""
    longest: float
    """The longest subject that may be tried on all of them without a limit of time."""

    def first(self, subject: str) -> int:
        """The index of the first rule that may match, or of the first one behind."""
        if len(subject) > self.longest:
            return self.start
        match = self.match(subject)
        if match is None:
            return self.behind
        return self.start + (match.lastindex or 1) - 1


@dataclass(frozen=True, slots=True)
class _Branch:
    """A pattern as it stands in a stretch."""

    text: str
    flags: int | None
    """None behind `^`, where each pattern keeps its own."""
    longest: float


def stretches(patterns: Sequence[Pattern | None]) -> dict[int, Stretch]:
    """The stretches of a list, by the index they begin at; None is a rule that is in none."""
    found: dict[int, Stretch] = {}
    branches: list[_Branch] = []
    for index, pattern in enumerate([*patterns, None]):
        branch = None if pattern is None else _branch(pattern)
        if branches and (branch is None or branch.flags != branches[0].flags):
            if len(branches) >= _SHORTEST:
                start = index - len(branches)
                found[start] = _stretch(branches, start)
            branches = []
        if branch is not None:
            branches.append(branch)
    return found


def _stretch(branches: list[_Branch], start: int) -> Stretch:
    flags = branches[0].flags
    text = "|".join(branch.text for branch in branches)
    longest = min(branch.longest for branch in branches)
    if flags is None:
        match = re.compile(text, re.ASCII | re.DOTALL).match
    else:
        match = re.compile(text, flags).search
    return Stretch(match, start, start + len(branches), longest)


_ANYTHING: Final = "/\x01"
"""A path that nobody writes a rule for: what matches it matches nearly all, and ends a stretch."""

_TOKEN: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|\(|\)|\||[^\\\[()|]+", re.DOTALL
)


def _branch(pattern: Pattern) -> _Branch | None:
    """A pattern as a branch without its groups; None where that cannot be."""
    longest = longest_subject(pattern)
    if longest <= 0 or pattern.search(_ANYTHING):
        return None
    is_anchored = pattern.pattern.startswith("^")
    text = _without_groups(pattern.pattern[is_anchored:], may_branch=not is_anchored)
    if text is None:
        return None
    if not is_anchored:
        return _Branch(text, pattern.flags, longest)
    flags = "i" if pattern.flags & re.IGNORECASE else ""
    # The empty group tells this branch from the others.
    return _Branch(f"(?{flags}:{text})()", None, longest)


def _without_groups(pattern: str, *, may_branch: bool) -> str | None:
    """A pattern without its groups; None where it refers to them, or is no simple one."""
    depth = 0
    parts: list[str] = []
    for token in _TOKEN.findall(pattern):
        if token == "(?" or (token[0] == "\\" and token[1].isdigit()):
            return None
        if token == "|" and depth == 0 and not may_branch:
            return None
        depth += token.startswith("(")
        depth -= token == ")"
        parts.append("(?:" if token == "(" else token)
    return "".join(parts)
