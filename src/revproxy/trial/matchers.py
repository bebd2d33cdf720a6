"""What a case expects of one value: that it equals, contains or matches something, or is not there.

Laws:
- All tests of a matcher must hold.
- Of a field that stands in several lines, one line must pass a test, and all must pass one that
  begins with `not`; what is to be equal is the whole of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from revproxy.pattern import compile_pattern
from revproxy.records import dataclass

_TESTS: Final[dict[str, Callable[[str, Any], bool]]] = {
    "contains": operator.contains,
    "matches": lambda value, pattern: pattern.search(value) is not None,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "not": operator.ne,
    "not_contains": lambda value, operand: operand not in value,
    "not_matches": lambda value, pattern: pattern.search(value) is None,
}
WORDS: Final = ("is", *_TESTS)
"""The words a matcher may be written with."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """What the values of one name must be; no values at all where `is_absent`."""

    equal: tuple[str, ...] | None = None
    tests: tuple[tuple[str, str, Any], ...] = ()
    """Word, text and what the word's test takes."""
    is_absent: bool = False

    def fits(self, values: Sequence[str]) -> bool:
        """Whether values are as expected; none of them for what is not there."""
        if self.is_absent:
            return not values
        if self.equal is not None and tuple(values) != self.equal:
            return False
        if self.equal is None and not values:
            return bool(self.tests) and all(word.startswith("not") for word, _, _ in self.tests)
        return all(_passes(word, operand, values) for word, _, operand in self.tests)

    def __str__(self) -> str:
        if self.is_absent:
            return "nothing"
        parts = [] if self.equal is None else [shown(self.equal)]
        parts += [f"{word.replace('_', ' ')} '{text}'" for word, text, _ in self.tests]
        return " and ".join(parts) or "anything"


def _passes(word: str, operand: Any, values: Sequence[str]) -> bool:
    test = _TESTS[word]
    found = (test(value, operand) for value in values)
    return all(found) if word.startswith("not") else any(found)


def shown(values: Sequence[str]) -> str:
    """Values as a report has them."""
    return ", ".join(f"'{value}'" for value in values) or "nothing"


def make_matcher(pairs: Sequence[tuple[str, str]]) -> Matcher:
    """The matcher of words with their texts. Raises ValueError for a regex that is none."""
    equal: tuple[str, ...] | None = None
    tests: list[tuple[str, str, Any]] = []
    for word, text in pairs:
        if word == "is":
            equal = (text,)
        else:
            operand = compile_pattern(text) if word.endswith("matches") else text
            tests.append((word, text, operand))
    return Matcher(equal, tuple(tests))
