"""The body of a request, read from its client as the handler asks for it.

Laws:
- Never the whole body in memory: a piece is what one receive gave.
- What follows the body goes back to the connection: it is the next request.
- RequestReadTimeout's pace is kept, beside Timeout for each receive.
- LimitRequestBody counts decoded octets; past it is 413.
"""

from __future__ import annotations

from typing import Protocol

from revproxy.errors import HTTPError
from revproxy.http.chunked import ChunkedReader
from revproxy.http.fields import Field
from revproxy.http.message import Exchange
from revproxy.http.pace import Limit, Pace


class Source(Protocol):
    """The connection a body is read from."""

    def set_deadline(self, seconds: float, on_timeout: HTTPError | None) -> None: ...
    async def receive(self) -> bytes: ...
    async def receive_into(self, buffer: memoryview) -> int: ...
    def has_rest(self) -> bool: ...
    def at_hand(self) -> bytes: ...
    def give_back(self, data: bytes) -> None: ...
    async def send_interim(self, status: int, reason: str, fields: tuple[Field, ...]) -> None: ...


_TIMEOUT = HTTPError(408, close=True)


class ClientBody:
    """A request's body (`http.message.RequestBody`)."""

    __slots__ = (
        "_chunks",
        "_exchange",
        "_pace",
        "_read",
        "_remaining",
        "_source",
        "_timeout",
        "expects_continue",
        "is_finished",
        "length",
    )

    def __init__(self, source: Source, exchange: Exchange, timeout: float, limit: Limit) -> None:
        block = exchange.block
        self._pace = Pace(limit)
        self._source = source
        self._exchange = exchange
        self._timeout = timeout
        self.length = None if block.chunked else block.length
        self.expects_continue = (
            block.expect is not None
            and exchange.protocol == "HTTP/1.1"
            and block.expect.lower() == "100-continue"
        )
        self.is_finished = False
        self._remaining = self.length or 0
        self._chunks = ChunkedReader() if block.chunked else None
        self._read = 0

    def at_hand(self) -> bytes | None:
        data = self._source.at_hand()
        if self._chunks is None and len(data) >= self._remaining:
            return self._take(data)
        self._source.give_back(data)
        return None

    async def read(self) -> bytes:
        if self.is_finished:
            return b""
        if self.expects_continue:
            self.expects_continue = False
            await self._source.send_interim(100, "Continue", ())
        while True:
            self._source.set_deadline(self._pace.wait(self._timeout), _TIMEOUT)
            data = await self._source.receive()
            self._pace.add(len(data))
            if not data:
                raise HTTPError(400, "the request's body was cut short", close=True)
            piece = self._take(data) if self._chunks is None else self._decode(data)
            if piece or self.is_finished:
                return piece

    async def readinto(self, buffer: memoryview) -> int:
        if self.is_finished:
            return 0
        if self.expects_continue or self._source.has_rest():
            piece = await self.read()
            buffer[: len(piece)] = piece
            return len(piece)
        self._source.set_deadline(self._pace.wait(self._timeout), _TIMEOUT)
        count = await self._source.receive_into(buffer[: self._remaining])
        self._pace.add(count)
        if not count:
            raise HTTPError(400, "the request's body was cut short", close=True)
        self._remaining -= count
        self._exchange.bytes_in += count
        self.is_finished = not self._remaining
        return count

    def _take(self, data: bytes) -> bytes:
        if len(data) > self._remaining:
            self._source.give_back(data[self._remaining :])
            data = data[: self._remaining]
        self._remaining -= len(data)
        self._exchange.bytes_in += len(data)
        self.is_finished = not self._remaining
        return data

    def _decode(self, data: bytes) -> bytes:
        assert self._chunks is not None
        self._exchange.bytes_in += len(data)
        try:
            piece = self._chunks.feed(data)
        except ValueError as error:
            raise HTTPError(400, str(error), close=True) from None
        if self._chunks.done:
            self.is_finished = True
            self._exchange.trailers_in = self._chunks.trailers
            self._source.give_back(self._chunks.rest)
        self._read += len(piece)
        plan = self._exchange.plan
        # As in Apache, LimitRequestBody is for what is served here, not for what is passed on.
        if plan is not None and self._exchange.proxy is None and self._read > plan.limit_body > 0:
            raise HTTPError(413, "the request's body is larger than LimitRequestBody", close=True)
        return piece
