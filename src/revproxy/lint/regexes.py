"""What rules ask of regexes: their groups, and what a group can be.

Laws:
- A pattern that cannot be judged by itself (references, look-around into what surrounds it) can
  be nothing: who asks stays silent.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from revproxy.pattern import Pattern, compile_pattern
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group: the text before it and its own, parentheses left out."""

    before: str
    text: str

    def can_be(self, *subjects: str, ignore_case: bool = False) -> bool:
        """Whether all of one of these texts can be what it captures."""
        pattern = compiled(f"(?:{self.text})", ignore_case=ignore_case)
        return pattern is not None and any(pattern.fullmatch(item) for item in subjects)


@functools.cache
def compiled(text: str, *, ignore_case: bool = False) -> Pattern | None:
    """The pattern, without a `!` before it; None where it is none."""
    try:
        return compile_pattern(text.removeprefix("!"), ignore_case=ignore_case)
    except ValueError:
        return None


def group_count(text: str) -> int | None:
    """How many groups it has; None where it is no pattern."""
    pattern = compiled(text)
    return None if pattern is None else pattern.groups


@functools.cache
def groups(text: str) -> tuple[Group, ...]:
    """The capturing groups, by number; none where the pattern is none."""
    if compiled(text) is None:
        return ()
    text = text.removeprefix("!")
    opened: list[tuple[int, int]] = []
    found: dict[int, Group] = {}
    number = 0
    for position, char in _outside_classes(text):
        if char == "(":
            captures = text[position + 1 : position + 2] not in ("?", "*")
            number += captures
            opened.append((position, number if captures else 0))
        elif char == ")" and opened:
            start, own = opened.pop()
            if own:
                found[own] = Group(text[:start], text[start + 1 : position])
    return tuple(found[index] for index in sorted(found))


def _outside_classes(text: str) -> Iterable[tuple[int, str]]:
    """The characters that are neither escaped nor in a class, and where they stand."""
    position, in_class = 0, False
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 2
            continue
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            position += text.startswith("[^", position)
            position += text[position + 1 : position + 2] == "]"
        else:
            yield position, char
        position += 1


def matches(text: str, *subjects: str, ignore_case: bool = False) -> bool:
    """Whether it is found in one of the subjects; a pattern with `!` turns the answer round."""
    pattern = compiled(text, ignore_case=ignore_case)
    if pattern is None:
        return False
    return any((pattern.search(item) is not None) != text.startswith("!") for item in subjects)
