"""The kinds of value that the catalogue gives an argument, for directives without a parser here.

A kind is one of these, several joined with `|`; a last one that ends in `...` holds for all the
words that follow:
- `flag`: On or Off;
- `int`, `int:LOW-HIGH`, `int:LOW-`: a whole number within bounds;
- `any`: not looked at;
- anything else: the word itself, compared without case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from revproxy.config.catalogue import Entry
from revproxy.config.tree import Word

_INT: Final = re.compile(r"int(?::(-?\d+)-(\d*))?")


def wrong_value(entry: Entry, args: Sequence[Word]) -> tuple[Word, str] | None:
    """The first argument that is not of its kind, and why."""
    kinds = entry.args
    if not kinds:
        return None
    for position, word in enumerate(args):
        if position < len(kinds):
            kind = kinds[position]
        elif kinds[-1].endswith("..."):
            kind = kinds[-1]
        else:
            return None
        alternatives = kind.removesuffix("...").split("|")
        if not any(_fits(item, word.text) for item in alternatives):
            wanted = " or ".join(map(_shown, alternatives))
            return word, f"{entry.name} must be {wanted}, not '{word.text}'"
    return None


def _fits(kind: str, text: str) -> bool:
    if kind == "any":
        return True
    if kind == "flag":
        return text.lower() in ("on", "off")
    bounds = _INT.fullmatch(kind)
    if bounds is None:
        return text.lower() == kind.lower()
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text, re.ASCII):
        return False
    number = int(text)
    low, high = bounds[1], bounds[2]
    return (not low or number >= int(low)) and (not high or number <= int(high))


def _shown(kind: str) -> str:
    if kind == "flag":
        return "On or Off"
    bounds = _INT.fullmatch(kind)
    if bounds is None:
        return kind
    if not bounds[1]:
        return "a whole number"
    if not bounds[2]:
        return f"a whole number from {bounds[1]}"
    return f"a whole number from {bounds[1]} to {bounds[2]}"
