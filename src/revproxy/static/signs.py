"""Words with signs (Options, FileETag): changes to what is inherited, and their sum.

Laws:
- A word with a sign changes what the sections around it said; one without begins afresh.
"""

from __future__ import annotations

from collections.abc import Iterable

Change = tuple[str, str]
"""A sign ("+", "-" or "=" for a fresh start) and a word."""


def sum_up(changes: Iterable[Change], default: frozenset[str]) -> frozenset[str]:
    """The words in force after all changes, outer to inner."""
    words = set(default)
    for sign, word in changes:
        if sign == "=":
            words.clear()
        elif sign == "+":
            words.add(word)
        else:
            words.discard(word)
    return frozenset(words)
