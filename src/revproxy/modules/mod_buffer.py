"""mod_buffer: bodies are collected before they go on.

Laws:
- What fits in BufferSize goes on whole, with its length; of more, that much goes at a time.
- Where the sender pauses, what is there goes on (as Apache's FLUSH).
"""

from __future__ import annotations

import dataclasses
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.filters import Filter, Kind
from revproxy.http.changed_body import BodyInFront
from revproxy.http.message import Exchange, RequestBody
from revproxy.module import BodyMaker, FilterMaker, Module, Scope, Server, Unset, setting, value_or
from revproxy.records import dataclass

_SIZE: Final = 131072


@dataclass(frozen=True, slots=True)
class Settings:
    """`size` in octets."""

    size: int | Unset = setting()


def _parse_size(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0]
    if not (word.isascii() and word.isdigit()) or not int(word):
        raise DirectiveError(
            "BufferSize must be a size in bytes, and greater than zero", argument=0
        )
    return dataclasses.replace(settings, size=int(word))


class BufferFilter(Filter):
    """Collects one response."""

    kind = Kind.CONTENT_SET

    def __init__(self, size: int) -> None:
        self._most = size
        self._pieces: list[bytes] = []
        self._size = 0

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del exchange, size
        return True

    def feed(self, data: bytes) -> bytes:
        self._pieces.append(data)
        self._size += len(data)
        return self.flush() if self._size > self._most else b""

    def flush(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return data

    def finish(self) -> bytes:
        return self.flush()


class BufferedBody(BodyInFront):
    """A request's body, read in pieces of the buffer's size."""

    __slots__ = ("_most",)

    def __init__(self, body: RequestBody, most: int) -> None:
        super().__init__(body)
        self._most = most
        self.length = body.length
        self.is_finished = body.is_finished

    def at_hand(self) -> bytes | None:
        data = self._body.at_hand()
        self.is_finished = self._body.is_finished
        return data

    async def read(self) -> bytes:
        data = b""
        while len(data) < self._most and not self._body.is_finished:
            data += await self._body.read()
        self.is_finished = self._body.is_finished
        return data


def _buffer(settings: Settings, _server: Server) -> FilterMaker:
    size = value_or(settings.size, _SIZE)
    return lambda _exchange: BufferFilter(size)


def _buffer_request(settings: Settings, _server: Server) -> BodyMaker:
    size = value_or(settings.size, _SIZE)

    def make(_exchange: Exchange, body: RequestBody) -> RequestBody:
        return BufferedBody(body, size)

    return make


MODULE = Module(
    name="mod_buffer",
    settings=Settings,
    directives={"buffersize": _parse_size},
    filters={"buffer": _buffer},
    input_filters={"buffer": _buffer_request},
)
