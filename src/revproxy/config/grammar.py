"""One logical line to its words, by the Lark grammar `httpd_conf.lark`.

Laws:
- Every line that is not blank is accepted, as by Apache.
- Words are what Apache's `ap_getword_conf` makes of them: in quotes a backslash escapes the quote
  and itself, elsewhere itself alone.
- The grammar is Lark's; the tables it makes of it are run here (`tables.py` says why).
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from revproxy.config.lines import BLANKS, Line
from revproxy.config.tables import tables
from revproxy.config.tree import Word
from revproxy.errors import Location
from revproxy.records import dataclass

_ESCAPED: Final = re.compile(r"\\([\"'\\])")
_CLOSED: Final = re.compile(r"\"(?:\\[\"\\]|[^\"])*+\"|'(?:\\['\\]|[^'])*+'")


class Token(NamedTuple):
    """What a terminal of the grammar stands for, and its span in the line."""

    terminal: str
    start: int
    end: int


def scan(text: str) -> tuple[str, list[Token]]:
    """What a logical line is (open, close or directive), and its tokens.

    The first is its name, with the bracket of a section; the last of an opening line its `>` and
    what is behind.
    """
    _, _, _, moves, rules = tables()
    states = [0]
    tokens: list[Token] = []
    token = _next(text, 0, 0)
    while True:
        move = moves[states[-1]][token.terminal]
        if move >= 0:
            states.append(move)
            tokens.append(token)
            token = _next(text, token.end, move)
            continue
        rule = rules[~move]
        if rule.kind:
            return rule.kind, tokens
        del states[-rule.length :]
        states.append(moves[states[-1]][rule.origin])


def _next(text: str, position: int, state: int) -> Token:
    """The next token for a state of the parser, `$END` where none is left."""
    scanner = _scanner(state)
    ignored = tables().ignored
    while match := scanner.match(text, position):
        terminal = match.lastgroup or ""
        if terminal not in ignored:
            return Token(terminal, position, match.end())
        position = match.end()
    return Token("$END", position, position)


@functools.cache
def _scanner(state: int) -> re.Pattern[str]:
    """What finds the next token for a state; many states share one."""
    known = tables()
    return re.compile(
        "|".join(f"(?P<{name}>{known.terminals[name]})" for name in known.scanned[state])
    )


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
    text = line.text
    kind, ((_, name_start, name_end), *tokens) = scan(text)
    end: str | None = None
    stop = len(text)
    words = []
    unclosed = []
    for terminal, start, token_end in tokens:
        token = text[start:token_end]
        if terminal == "END":
            end, stop = token, start
            break
        word = Word(_unquoted(token), line.locate(start, token_end))
        words.append(word)
        if token[0] in "\"'" and _CLOSED.fullmatch(token) is None:
            unclosed.append(word)
    name = _unquoted(text[name_start:name_end])
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
        text[name_end:stop].strip(BLANKS),
        end,
        tuple(unclosed),
    )


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
    return token.replace("\\\\", "\\") if "\\" in token else token
