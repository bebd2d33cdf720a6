"""A log line put together: the text of its format, and items that are asked of an exchange.

Laws:
- After an internal redirect a part tells of the request the client made, or of the one that
  answered, as it was marked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from revproxy.http.message import Exchange
from revproxy.records import dataclass

Item: TypeAlias = Callable[[Exchange], object]
"""Gives what stands in the line, escaped."""

Line: TypeAlias = Callable[[Exchange], str]


@dataclass(frozen=True, slots=True)
class Part:
    """An item of a format, and whether it tells of the request the client made."""

    item: Item
    of_original: bool


def assemble(parts: list[str | Part]) -> Line:
    """The function that makes the line of an exchange."""
    at_once = _at_once([part if isinstance(part, str) else part.item for part in parts])

    def line(exchange: Exchange) -> str:
        if exchange.previous is None:
            return at_once(exchange)
        first = exchange.previous
        while first.previous is not None:
            first = first.previous
        return "".join(
            part
            if isinstance(part, str)
            else str(part.item(first if part.of_original else exchange))
            for part in parts
        )

    return line


def _at_once(parts: list[str | Item]) -> Line:
    """The line of parts as one f-string, which Python builds without a list or a template.

    A line is a twentieth of a request's time: 3.5 µs with a list and `%`, 2.2 so.
    """
    names = {f"item{number}": part for number, part in enumerate(parts)}
    source = " ".join(
        repr(part) if isinstance(part, str) else f"f'{{{name}(exchange)}}'"
        for name, part in names.items()
    )
    line: Line = eval(f"lambda exchange: {source}", names)
    return line
