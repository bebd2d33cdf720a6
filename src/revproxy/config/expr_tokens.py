"""The tokens of Apache's expressions.

Laws:
- What a character means depends on where it stands: outside, in a string, in a variable's name or
  in a variable's argument. These are nested, as `"a %{req:X-%{y}} b"`.
- Any text gives tokens or an `ExpressionError` with the column, counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class ExpressionError(ValueError):
    """An expression that cannot be; `column` is where in its text, from 1."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1} of the expression)")
        self.column = position + 1


class Scanned(NamedTuple):
    """One token and the offset of its first character."""

    kind: str
    text: str
    position: int


_WORDS: Final = {
    **dict.fromkeys(("and", "&&"), "_AND"),
    **dict.fromkeys(("or", "||"), "_OR"),
    **dict.fromkeys(("not", "!"), "_NOT"),
    **dict.fromkeys(("in", "-in"), "_IN"),
    **dict.fromkeys(("=~", "!~"), "MATCH"),
    "true": "_TRUE",
    "false": "_FALSE",
    "(": "_LPAR",
    ")": "_RPAR",
    "{": "_LBRACE",
    "}": "_RBRACE",
    ",": "_COMMA",
    ".": "_DOT",
    **dict.fromkeys(("=", "==", "!=", "<", "<=", ">", ">="), "COMPARISON"),
    **dict.fromkeys(
        (f"{dash}{name}" for dash in ("", "-") for name in ("eq", "ne", "lt", "le", "gt", "ge")),
        "COMPARISON",
    ),
}
_OUTSIDE: Final = re.compile(
    r"""
    (?P<blank>[ \t\n]+)
    | (?P<quote>["'])
    | (?P<variable>%\{)
    | \$(?P<group>[0-9])
    | (?P<regex>m(?=[/\#$%^,;:_?|!.'"-])|(?=/))
    | (?P<digits>-?[0-9]+)
    | (?P<symbol>=~|!~|&&|\|\||[=!<>]=|[=!<>(){},.])
    | (?P<word>[A-Za-z][A-Za-z0-9_]*)
    | (?P<operator>-[A-Za-z_][A-Za-z0-9_]*)
    """,
    re.VERBOSE,
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ESCAPE: Final = re.compile(r"\\(?:([0-7]{1,3})|([0-9])|(.))", re.DOTALL)
_PLAIN: Final = re.compile(r"[^\\\n\"'%$}]+")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def scan_condition(text: str) -> Iterator[Scanned]:
    """The tokens of a condition. Raises ExpressionError."""
    scanner = _Scanner(text)
    yield from scanner.condition()


def scan_text(text: str) -> Iterator[Scanned]:
    """The tokens of a string without quotes around it. Raises ExpressionError."""
    yield from _Scanner(text).string("")


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def condition(self) -> Iterator[Scanned]:
        """What stands outside of strings."""
        while self._position < len(self._text):
            start = self._position
            match = _OUTSIDE.match(self._text, start)
            if match is None:
                raise ExpressionError(f"Parse error near '{self._text[start]}'", start)
            self._position = match.end()
            kind = match.lastgroup
            if kind == "quote":
                yield Scanned("_STRING_BEGIN", match[0], start)
                yield from self.string(match[0])
            elif kind == "variable":
                yield from self._variable(start)
            elif kind == "group":
                yield Scanned("BACKREFERENCE", match["group"], start)
            elif kind == "digits":
                yield Scanned("DIGITS", match[0], start)
            elif kind == "regex":
                yield self._regex(start)
            elif kind != "blank":
                yield Scanned(_kind_of(match[0]), match[0], start)

    def _regex(self, start: int) -> Scanned:
        delimiter = self._text[self._position]
        end = self._text.find(delimiter, self._position + 1)
        if end < 0:
            raise ExpressionError("Unterminated regular expression", start)
        pattern = self._text[self._position + 1 : end]
        self._position = end + 1
        # The flag stands in front, where no pattern can be confused with it.
        if self._text.startswith("i", self._position):
            self._position += 1
            return Scanned("REGEX", f"i{pattern}", start)
        return Scanned("REGEX", f"-{pattern}", start)

    def string(self, stop: str) -> Iterator[Scanned]:
        """What stands in a string, up to `stop`: a quote, `}` of a variable, or "" for the end."""
        begin = self._position
        done: list[str] = []
        since = begin
        while True:
            start = self._position
            char = self._text[start : start + 1]
            token = None
            if char == stop:
                token = "_VARIABLE_END" if stop == "}" else "_STRING_END"
            elif not char or (char == "\n" and stop) or (char in _QUOTES and stop == "}"):
                # Apache's scanner breaks off at a quote in a variable's argument.
                raise ExpressionError("Unterminated string or variable", max(begin - 1, 0))
            if token is not None or self._text.startswith("%{", start) or self._is_group(start):
                if done:
                    # Where Apache's strings end.
                    yield Scanned("TEXT", "".join(done).partition("\0")[0], since)
                    done = []
                if token is not None:
                    if stop:
                        self._position += 1
                        yield Scanned(token, char, start)
                    return
                if char == "%":
                    self._position += 2
                    yield from self._variable(start)
                else:
                    self._position += 2
                    yield Scanned("BACKREFERENCE", self._text[start + 1], start)
                since = self._position
            else:
                done.append(self._characters(char))

    def _is_group(self, start: int) -> bool:
        return self._text[start] == "$" and self._text[start + 1 : start + 2] in _DIGITS

    def _characters(self, char: str) -> str:
        """The next characters of a string that stand for themselves, or what an escape means."""
        start = self._position
        if char != "\\":
            plain = _PLAIN.match(self._text, start)
            self._position = start + 1 if plain is None else plain.end()
            return self._text[start : self._position]
        match = _ESCAPE.match(self._text, start)
        if match is None:
            raise ExpressionError("Unterminated string or variable", start)
        self._position = match.end()
        if match[2] is not None:
            raise ExpressionError("Bad escape sequence", start)
        if match[1] is None:
            return _CONTROLS.get(match[3], match[3])
        code = int(match[1], 8)
        if code > 255:
            raise ExpressionError("Escape sequence out of bound", start)
        return chr(code)

    def _variable(self, start: int) -> Iterator[Scanned]:
        """From behind `%{` to behind its `}`."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise ExpressionError("Variables are nested too deeply", start)
        yield Scanned("_VARIABLE_BEGIN", "%{", start)
        name = _NAME.match(self._text, self._position)
        if name is not None:
            yield Scanned("ID", name[0], self._position)
            self._position = name.end()
        after = self._text[self._position : self._position + 1]
        if name is None or after not in (":", "}"):
            if not after:
                raise ExpressionError("Unterminated string or variable", start)
            raise ExpressionError(f"Invalid character in variable name '{after}'", self._position)
        self._position += 1
        if after == ":":
            yield Scanned("_ARGUMENT", ":", self._position - 1)
            yield from self.string("}")
        else:
            yield Scanned("_VARIABLE_END", "}", self._position - 1)
        self._depth -= 1


_DEPTH: Final = 50
"""How deep variables can be nested: far beyond what could be evaluated."""
_DIGITS: Final = frozenset("0123456789")
_QUOTES: Final = frozenset("\"'")


def _kind_of(word: str) -> str:
    kind = _WORDS.get(word)
    if kind is not None:
        return kind
    if not word.startswith("-"):
        return "ID"
    return "UNARY" if len(word) == 2 else "BINARY"
