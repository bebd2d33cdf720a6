"""Classes of octets: what `[...]`, `\\d` and their like stand for, written for `re`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

ALL: Final = frozenset(range(256))


def _octets(*ranges: str) -> frozenset[int]:
    """Ranges as pairs of characters, or single ones."""
    return frozenset(code for item in ranges for code in range(ord(item[0]), ord(item[-1]) + 1))


_DIGIT: Final = _octets("09")
_WORD: Final = _octets("09", "AZ", "az", "_")
_SPACE: Final = _octets("\t\r", " ")
_HORIZONTAL: Final = _octets("\t", " ", "\xa0")
_VERTICAL: Final = _octets("\n\r", "\x85")

TYPES: Final[dict[str, frozenset[int]]] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "h": _HORIZONTAL,
    "v": _VERTICAL,
    "N": ALL - {10},
    "D": ALL - _DIGIT,
    "W": ALL - _WORD,
    "S": ALL - _SPACE,
    "H": ALL - _HORIZONTAL,
    "V": ALL - _VERTICAL,
    "C": ALL,
}
"""The types of characters, by the letter of their escape."""

_ALPHA: Final = _octets("AZ", "az")
POSIX: Final[dict[str, frozenset[int]]] = {
    "alnum": _ALPHA | _DIGIT,
    "alpha": _ALPHA,
    "ascii": _octets("\0\x7f"),
    "blank": _octets("\t", " "),
    "cntrl": _octets("\0\x1f", "\x7f"),
    "digit": _DIGIT,
    "graph": _octets("!~"),
    "lower": _octets("az"),
    "print": _octets(" ~"),
    "punct": _octets("!/", ":@", "[`", "{~"),
    "space": _SPACE,
    "upper": _octets("AZ"),
    "word": _WORD,
    "xdigit": _octets("09", "AF", "af"),
}


def having_property(text: str) -> frozenset[int]:
    """The octets of a general category, as `p{Lu}`, `PL` or `p{^Any}`. Raises ValueError."""
    name = text[1:].strip("{}").replace(" ", "")
    negated = (text[0] == "P") is not name.startswith("^")
    name = name.removeprefix("^")
    categories = {code: unicodedata.category(chr(code)) for code in ALL}
    if name == "Any":
        members = ALL
    elif name == "L&":
        members = frozenset(code for code in ALL if categories[code] in ("Lu", "Ll", "Lt"))
    elif re.fullmatch("[CLMNPSZ][a-z]?", name):
        members = frozenset(code for code in ALL if categories[code].startswith(name))
    else:
        raise ValueError(f"the property {name} is not supported")
    return ALL - members if negated else members


def posix(name: str, *, ignore_case: bool) -> frozenset[int] | None:
    """A POSIX class; None for one that is none."""
    if ignore_case and name in ("lower", "upper"):
        name = "alpha"
    return POSIX.get(name)


def folded(members: frozenset[int], *, ignore_case: bool) -> frozenset[int]:
    """The octets that match where case does not count."""
    if not ignore_case:
        return members
    return members | {code ^ 32 for code in members & _ALPHA}


def written(members: Iterable[int], *, negated: bool) -> str:
    """A class as `re` takes it."""
    codes = sorted(members)
    if not codes:
        return r"[\x00-\xff]" if negated else r"[^\x00-\xff]"
    parts: list[str] = []
    start = 0
    for index, code in enumerate(codes):
        if index + 1 == len(codes) or codes[index + 1] != code + 1:
            parts.append(_range(codes[start], code))
            start = index + 1
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _range(first: int, last: int) -> str:
    if last - first < 2:
        return "".join(_char(code) for code in range(first, last + 1))
    return f"{_char(first)}-{_char(last)}"


def _char(code: int) -> str:
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{code:02x}"
