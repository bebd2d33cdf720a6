"""One logical line to its words, by the Lark grammar `httpd_conf.lark`.

Laws:
- Every line that is not blank is accepted, as by Apache.
- Words are what Apache's `ap_getword_conf` makes of them: in quotes a backslash escapes the quote
  and itself, elsewhere itself alone.
- The grammar is built once, at the first line.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

from lark import Lark, Token

from revproxy.config.lines import BLANKS, Line
from revproxy.config.tree import Word
from revproxy.errors import Location
from revproxy.records import dataclass

_ESCAPED: Final = re.compile(r"\\([\"'\\])")
_CLOSED: Final = re.compile(r"\"(?:\\[\"\\]|[^\"])*+\"|'(?:\\['\\]|[^'])*+'")


@functools.cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("httpd_conf.lark").read_text("utf-8")
    return Lark(text, start="line", parser="lalr", lexer="contextual")


@dataclass(slots=True)
class Parsed:
    """A logical line, taken apart."""

    kind: str
    """open, close or directive."""
    name: str
    """The name, without the brackets of a section."""
    location: Location
    args: tuple[Word, ...]
    raw: str
    """The rest of the line, for a section up to its `>`."""
    end: str | None
    """What begins with the `>` of a section's line; None where there is none."""
    unclosed: tuple[Word, ...]
    """Words in quotes that the end of the line closes."""


def parse_line(line: Line) -> Parsed:
    """The line by the grammar, which accepts every line."""
    tree = _grammar().parse(line.text)
    kind = str(tree.data)
    first, *tokens = tree.children
    assert isinstance(first, Token)
    name_end = _end(first)
    end: str | None = None
    stop = len(line.text)
    words = []
    unclosed = []
    for token in tokens:
        assert isinstance(token, Token)
        start = token.start_pos or 0
        if token.type == "END":
            end, stop = str(token), start
            break
        word = Word(_unquoted(token), line.locate(start, start + len(token)))
        words.append(word)
        if token[0] in "\"'" and _CLOSED.fullmatch(token) is None:
            unclosed.append(word)
    name = _unquoted(first)
    if kind == "open":
        name = name[1:]
    elif kind == "close":
        name = name[2:]
        if name.endswith(">"):
            name, end = name[:-1], ">"
    return Parsed(
        kind,
        name,
        line.locate(0, name_end),
        tuple(words),
        line.text[name_end:stop].strip(BLANKS),
        end,
        tuple(unclosed),
    )


def tokens(text: str) -> tuple[str, list[tuple[int, int]]]:
    """What a logical line is (open, close or directive), and the spans of its tokens.

    The first is its name, with the bracket of a section; the last of an opening line its `>` and
    what is behind.
    """
    tree = _grammar().parse(text)
    return str(tree.data), [
        (token.start_pos or 0, _end(token)) for token in tree.children if isinstance(token, Token)
    ]


def _end(token: Token) -> int:
    return (token.start_pos or 0) + len(token)


def _unquoted(token: str) -> str:
    """A word as `ap_getword_conf` gives it."""
    quote = token[0]
    if quote in "\"'":
        inner = token[1:]
        if _CLOSED.fullmatch(token) is not None:
            inner = inner[:-1]
        return _ESCAPED.sub(
            lambda match: match[1] if match[1] in (quote, "\\") else match[0], inner
        )
    return token.replace("\\\\", "\\") if "\\" in token else str(token)
