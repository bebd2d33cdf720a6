"""Basic regular expressions (POSIX, section 9.3) in Python's notation."""

from __future__ import annotations

import re
from typing import Final

from revproxy.pattern import Pattern

_CLASS: Final = re.compile(r"\[\^?\]?[^\]]*\]", re.DOTALL)
_LITERAL: Final = frozenset("+?|(){}")


def compile_basic(text: str) -> Pattern:
    """Raises ValueError for what is no expression."""
    out: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        pair = text[at : at + 2]
        starts = not out or out[-1] in ("(", "^")
        if letter == "\\":
            if at + 1 == len(text):
                raise ValueError("a backslash at the end")
            at = _escape(text, at, pair, out)
            continue
        if letter == "[":
            match = _CLASS.match(text, at)
            if match is None:
                raise ValueError("'[' without ']'")
            out.append(_bracket(match[0]))
            at = match.end()
            continue
        ends = text[at + 1 :] == "" or text[at + 1 : at + 3] == "\\)"
        out.append(_single(letter, starts=starts, ends=ends))
        at += 1
    try:
        return re.compile("".join(out), re.DOTALL | re.ASCII)
    except re.error as error:
        raise ValueError(str(error)) from None


def _single(letter: str, *, starts: bool, ends: bool) -> str:
    """A letter that stands by itself; anchors and `*` mean something in their places alone."""
    if letter == "$":
        return r"\Z" if ends else r"\$"
    if letter in _LITERAL or (letter == "*" and starts) or (letter == "^" and not starts):
        return "\\" + letter
    return letter


def _escape(text: str, at: int, pair: str, out: list[str]) -> int:
    """An escape; the place behind it."""
    letter = pair[1]
    if letter == "{":
        end = text.find("\\}", at)
        if end < 0:
            raise ValueError("'\\{' without '\\}'")
        out.append("{" + text[at + 2 : end] + "}")
        return end + 2
    if letter in "()":
        out.append(letter)
    elif letter == "n":
        out.append(r"\n")
    elif letter in "<>":
        out.append(r"\b")
    elif letter in "0123456789":
        out.append(f"(?:\\{letter})")
    else:
        out.append(re.escape(letter))
    return at + 2


_SPECIAL_IN_SETS: Final = re.compile(r"[\\\[\]&~|]|-(?=-)")


def _bracket(text: str) -> str:
    """A bracket expression; libsed knows no classes in it, and no escapes."""
    inner = text[1:-1]
    negated = inner.startswith("^")
    # Doubled signs and nested brackets are Python's set operations, or will be.
    inner = _SPECIAL_IN_SETS.sub(r"\\\g<0>", inner[negated:])
    return f"[{'^' if negated else ''}{inner}]"
