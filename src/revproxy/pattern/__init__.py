"""Regular expressions of the configuration, as Apache's PCRE has them.

Laws:
- Subjects and patterns are Latin-1 `str`: one character an octet, classes and case are ASCII's.
- Unanchored, case-sensitive; `.` matches a line feed too and `$` matches at the very end alone, as
  RegexDefaultOptions has it by default.
- A pattern that would mean something else here is an error at load, never a silent difference.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final, TypeAlias

Pattern: TypeAlias = re.Pattern[str]

_POSIX_CLASSES: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}

_SAME_ESCAPES: Final = frozenset("dDwWsSbBAtnrfvx0123456789")
_OTHER_ESCAPES: Final = {
    "a": r"\x07",
    "e": r"\x1b",
    "h": r"[ \t\xa0]",
    "H": r"[^ \t\xa0]",
    "N": r"[^\n]",
    "R": r"(?:\r\n|[\n\x0b\x0c\r\x85])",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
}
_IN_CLASS: Final = {"a": r"\x07", "e": r"\x1b", "b": r"\x08", "h": r" \t\xa0"}
_NAMED: Final = re.compile(r"\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')")
_GROUP_REFERENCE: Final = re.compile(r"\\[gk](?:\{([A-Za-z_]\w*)\}|<([A-Za-z_]\w*)>|'(\w+)')")
_NUMBER_REFERENCE: Final = re.compile(r"\\g(?:\{([0-9]+)\}|([0-9]+))")
_POSIX: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_OCTAL: Final = re.compile(r"\\o\{([0-7]+)\}")
_MULTILINE: Final = re.compile(r"\(\?[a-z]*m")
_HEX: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,2})\}")


def compile_pattern(text: str, *, ignore_case: bool = False, dot_all: bool = True) -> Pattern:
    """The pattern as a compiled regex. Raises ValueError with the reason where it is not one."""
    flags = re.ASCII | (re.DOTALL if dot_all else 0) | (re.IGNORECASE if ignore_case else 0)
    try:
        return re.compile(_Translation(text).result(), flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"Regular expression could not be compiled: {error}") from None


Search: TypeAlias = Callable[[str], "re.Match[str] | None"]

_REMEMBERED: Final = 256
_REMEMBERED_LENGTH: Final = 512
"""Octets of the longest subject that is remembered: what a pattern keeps stays under 128 KiB."""


@functools.lru_cache(1024)
def remembering(pattern: Pattern) -> Search:
    """The pattern's `search` for subjects that come again, as clients' fields do.

    Python tries each branch at each octet where case is ignored: 13 µs for four names of robots
    in a browser's User-Agent, 0.1 µs to remember the outcome.
    """
    search = pattern.search
    known: dict[str, re.Match[str] | None] = {}

    def look_up(subject: str) -> re.Match[str] | None:
        try:
            return known[subject]
        except KeyError:
            match = search(subject)
        if len(subject) <= _REMEMBERED_LENGTH:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[subject] = match
        return match

    return look_up


_SUBSTITUTED: Final = re.compile(r"\\(.)|\$([0-9])")


def substitute(template: str, match: re.Match[str]) -> str:
    """`$0` to `$9` replaced by what matched (`ap_pregsub`); what follows a `\\` stays."""

    def group(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        number = int(found[2])
        if number > match.re.groups:
            return ""
        return match[number] or ""

    return _SUBSTITUTED.sub(group, template)


class _Translation:
    """PCRE's spelling to Python's, left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._out: list[str] = []
        # With (?m) a `$` is the end of every line.
        self._dollar = "$" if _MULTILINE.search(text) else r"\Z"

    def result(self) -> str:
        while self._position < len(self._text):
            char = self._text[self._position]
            if char == "\\":
                self._escape()
            elif char == "[":
                self._class()
            elif char == "(":
                self._group()
            elif char == "$":
                self._take("$", self._dollar)
            else:
                self._take(char)
        return "".join(self._out)

    def _take(self, written: str, instead: str | None = None) -> None:
        self._out.append(written if instead is None else instead)
        self._position += len(written)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self._text, self._position)

    def _group(self) -> None:
        named = self._match(_NAMED)
        if named is not None:
            self._take(named[0], f"(?P<{named[1] or named[2]}>")
        elif self._text.startswith(("(*", "(?|", "(?R", "(?&", "(?C"), self._position):
            raise ValueError(self._unsupported(self._text[self._position : self._position + 3]))
        else:
            self._take("(")

    def _escape(self) -> None:
        rest = self._text[self._position + 1 : self._position + 2]
        if rest == "Q":
            self._quoted()
        elif rest == "E":
            self._take("\\E", "")
        elif rest in _OTHER_ESCAPES:
            self._take("\\" + rest, _OTHER_ESCAPES[rest])
        elif rest in ("g", "k"):
            self._reference()
        elif rest == "x" and (match := self._match(_HEX)):
            self._take(match[0], f"\\x{int(match[1], 16):02x}")
        elif rest == "o" and (match := self._match(_OCTAL)):
            self._take(match[0], f"\\x{int(match[1], 8) & 0xFF:02x}")
        elif rest.isalpha() and rest not in _SAME_ESCAPES:
            raise ValueError(self._unsupported("\\" + rest))
        elif not rest:
            raise ValueError("Regular expression could not be compiled: \\ at end of pattern")
        elif rest.isalnum():
            self._take("\\" + rest)
        else:
            self._take("\\" + rest, re.escape(rest))

    def _quoted(self) -> None:
        end = self._text.find("\\E", self._position)
        end = len(self._text) if end < 0 else end
        self._out.append(re.escape(self._text[self._position + 2 : end]))
        self._position = end + 2

    def _reference(self) -> None:
        number = self._match(_NUMBER_REFERENCE)
        named = self._match(_GROUP_REFERENCE)
        if number is not None:
            self._take(number[0], f"(?:\\{int(number[1] or number[2])})")
        elif named is not None:
            self._take(named[0], f"(?P={named[1] or named[2] or named[3]})")
        else:
            raise ValueError(self._unsupported(self._text[self._position : self._position + 2]))

    def _class(self) -> None:
        """A bracketed class: its first `]` is a member, as in PCRE."""
        self._take("[")
        if self._text.startswith("^", self._position):
            self._take("^")
        if self._text.startswith("]", self._position):
            self._take("]", "\\]")
        while self._position < len(self._text):
            char = self._text[self._position]
            posix = self._match(_POSIX) if char == "[" else None
            if char == "]":
                self._take("]")
                return
            if posix is not None:
                self._take(posix[0], self._posix(posix))
            elif char == "\\":
                self._class_escape()
            else:
                # A nested set, or && and the like, would be a warning or another meaning.
                self._take(char, "\\" + char if char in "[&~|" else char)
        raise ValueError("Regular expression could not be compiled: missing ] for [")

    def _posix(self, match: re.Match[str]) -> str:
        members = _POSIX_CLASSES.get(match[2])
        if members is None or match[1]:
            raise ValueError(self._unsupported(match[0]))
        return members

    def _class_escape(self) -> None:
        rest = self._text[self._position + 1 : self._position + 2]
        if rest in _IN_CLASS:
            self._take("\\" + rest, _IN_CLASS[rest])
        elif rest == "x" and (match := self._match(_HEX)):
            self._take(match[0], f"\\x{int(match[1], 16):02x}")
        elif rest.isalpha() and rest not in _SAME_ESCAPES:
            raise ValueError(self._unsupported("\\" + rest))
        elif rest.isalnum():
            self._take("\\" + rest)
        else:
            self._take("\\" + rest, "\\" + rest if rest else "\\\\")

    def _unsupported(self, what: str) -> str:
        return f"Regular expression could not be compiled: {what} is not supported"
