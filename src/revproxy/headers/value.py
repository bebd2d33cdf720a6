"""Values of Header and RequestHeader: text with format letters, compiled once.

Laws:
- A value without letters is a constant and costs nothing at request time.
- What comes from the environment cannot break a line: CR and LF become blanks, as in Apache.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Final

from revproxy.http.message import Exchange, tls_variable
from revproxy.records import dataclass

Render = Callable[[Exchange], str]

_LINE_BREAKS: Final = str.maketrans("\r\n", "  ")
_ESCAPES: Final = {"\\": "\\", "r": "\r", "n": "\n", "t": "\t"}
_ESCAPE: Final = re.compile(r"\\([\\rnt])")
_DIRECTIVE: Final = re.compile(r"%(?:%|\{([^}]*)\}(.?)|(.)|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled value: `constant`, or what `render` makes of an exchange."""

    constant: str | None
    render: Render


def compile_value(text: str) -> Value:
    """Compile the text of a value. Raises ValueError with Apache's message."""
    parts: list[str | Render] = []
    position = 0
    for match in _DIRECTIVE.finditer(text):
        parts.append(_unescape(text[position : match.start()]))
        position = match.end()
        if match[0] in ("%%", "%"):
            parts.append("%")
        else:
            letter = match[2] if match[1] is not None else match[3]
            parts.append(_item(letter or "", match[1] or ""))
    parts.append(_unescape(text[position:]))
    return _joined([part for part in parts if part != ""])


def _joined(parts: list[str | Render]) -> Value:
    constants = [part for part in parts if isinstance(part, str)]
    if len(constants) == len(parts):
        whole = "".join(constants)
        return Value(whole, lambda _exchange: whole)
    renders = tuple(_constant(part) if isinstance(part, str) else part for part in parts)
    if len(renders) == 1:
        return Value(None, renders[0])
    return Value(None, lambda exchange: "".join([render(exchange) for render in renders]))


def _constant(text: str) -> Render:
    return lambda _exchange: text


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], text)


def _item(letter: str, argument: str) -> Render:
    if letter == "e":
        return lambda exchange: exchange.env.get(argument, "(null)").translate(_LINE_BREAKS)
    if letter == "s":
        return _tls_variable(argument)
    plain = _LETTERS.get(letter)
    if plain is None:
        raise ValueError(f"Unrecognized header format %{letter}")
    return plain


def _tls_variable(name: str) -> Render:
    """A variable of the TLS connection; there is none on a plain one."""

    def render(exchange: Exchange) -> str:
        value = tls_variable(exchange, name)
        return "(null)" if value is None else value.translate(_LINE_BREAKS)

    return render


def _received(exchange: Exchange) -> str:
    return f"t={exchange.started // 1000}"


def _elapsed(exchange: Exchange) -> str:
    return f"D={(time.time_ns() - exchange.started) // 1000}"


def _load(_exchange: Exchange) -> str:
    return "l={:.2f}/{:.2f}/{:.2f}".format(*os.getloadavg())


_LETTERS: Final[dict[str, Render]] = {
    "t": _received,
    "D": _elapsed,
    "l": _load,
    # Apache's shares of its threads; a child here has no fixed number of places to be taken.
    "i": lambda _exchange: "i=100",
    "b": lambda _exchange: "b=0",
}
