"""A body that passes through filters on its way (`http.message.Body`).

Laws:
- A piece at a time: what is held is what one step of the chain made, never the whole body.
- The head waits until every filter has seen it (`Chain.is_ready`), no longer.
- Where the origin pauses, what the filters hold back goes to the client (as Apache's FLUSH).
- Others have their turn between two steps; a heavy step runs in a thread.
"""

from __future__ import annotations

from typing import Any, Final

from revproxy.filters import STEP, Chain, Filter, Pace
from revproxy.http.message import Body, Exchange
from revproxy.lane import checkpoint, in_thread, sleep

_INTERVAL: Final = 0.2
"""Seconds between the pieces of a body that is paced (mod_ratelimit's interval)."""

_SCRATCH: Final = memoryview(bytearray(STEP))
"""Shared by all bodies of the child: what is read into it is copied before any wait."""


class FilteredBody:
    """What a chain makes of a body."""

    __slots__ = (
        "_body",
        "_chain",
        "_ended",
        "_has_stepped",
        "_holds",
        "_left",
        "_pending",
        "_rest",
        "first",
        "length",
        "timeout",
    )

    def __init__(self, body: Body, chain: Chain) -> None:
        self._body = body
        self._chain = chain
        self._left = body.length
        """Octets that are still to come; None where only the end tells."""
        self._rest = b""
        """What was read and not fed."""
        self._pending = memoryview(b"")
        """What the chain gave and nobody took."""
        self._ended = False
        self._has_stepped = False
        self._holds = False
        """The chain was fed what it may have held back."""
        self.first = b""
        self.length: int | None = None
        self.timeout = body.timeout

    @property
    def trailers(self) -> list[bytes]:
        """What came behind the chunks, for the log."""
        lines: list[bytes] = getattr(self._body, "trailers", [])
        return lines

    async def prepare(self) -> None:
        """Feed the chain until the head may go out and something with it."""
        self._rest = self._body.first
        self._count(self._rest)
        while not (self.first and self._chain.is_ready) and not self._ended:
            self.first += await self._step()
        if self._ended:
            self.length = len(self.first)

    async def readinto(self, buffer: memoryview) -> int:
        """Raises OriginError for a body cut short, HTTPError where a filter fails."""
        while not self._pending:
            if self._ended:
                return 0
            self._pending = memoryview(await self._step())
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def close(self) -> None:
        self._body.close()

    def _count(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)

    async def _step(self) -> bytes:
        """Feed the chain the next piece: what it gives for it."""
        chain = self._chain
        if self._has_stepped:
            await checkpoint()
        self._has_stepped = True
        if not self._rest and self._left != 0:
            if self._holds and chain.is_ready and self._pauses():
                self._holds = False
                return chain.flush()
            await self._read()
        step = chain.step
        piece, self._rest = self._rest[:step], self._rest[step:]
        out = b""
        if piece:
            self._holds = True
            out = await in_thread(chain.feed, piece) if chain.is_heavy else chain.feed(piece)
        if not self._rest and self._left == 0:
            self._ended = True
            out += await in_thread(chain.finish) if chain.is_heavy else chain.finish()
        return out

    async def _read(self) -> None:
        count = await self._body.readinto(_SCRATCH)
        self._rest = bytes(_SCRATCH[:count])
        self._count(self._rest)
        if not count:
            self._left = 0

    def _pauses(self) -> bool:
        """Whether the next piece has to be waited for."""
        ask = getattr(self._body, "pauses", None)
        return ask is not None and bool(ask())


class PacedBody:
    """A body that goes no faster than a speed (`http.message.Body`)."""

    __slots__ = ("_allowed", "_body", "_rest", "_size", "first", "length", "timeout")

    def __init__(self, body: Body, pace: Pace) -> None:
        self._body = body
        self._size = max(1, int(pace.speed * _INTERVAL))
        """Octets that go in one interval."""
        self._allowed = self._size + pace.burst
        self._rest = memoryview(body.first)[self._allowed :]
        self.first = body.first[: self._allowed]
        self._allowed -= len(self.first)
        self.length = body.length
        self.timeout = body.timeout

    @property
    def trailers(self) -> list[bytes]:
        """What came behind the chunks, for the log."""
        lines: list[bytes] = getattr(self._body, "trailers", [])
        return lines

    async def readinto(self, buffer: memoryview) -> int:
        """As the body gives it, after the time that is due."""
        if not self._allowed:
            await sleep(_INTERVAL)
            self._allowed = self._size
        wanted = min(self._allowed, len(buffer))
        if self._rest:
            count = min(wanted, len(self._rest))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
        else:
            count = await self._body.readinto(buffer[:wanted])
        self._allowed -= count
        return count

    def close(self) -> None:
        self._body.close()


async def filtered(exchange: Exchange, filters: list[Filter]) -> None:
    """Put the filters in the way of the exchange's body. Raises HTTPError."""
    await _chained(exchange, filters)
    body: Any = exchange.body
    if exchange.method == "HEAD" or exchange.status in (204, 304):
        return
    for item in filters:
        if isinstance(item, Pace) and item.speed:
            body = exchange.body = PacedBody(
                _Bytes(body, len(body)) if isinstance(body, bytes) else body, item
            )


async def _chained(exchange: Exchange, filters: list[Filter]) -> None:
    chain = Chain(exchange, filters)
    body: Any = exchange.body
    if exchange.method == "HEAD" or exchange.status in (204, 304):
        measured = "content-length" in exchange.out
        if exchange.proxy is None and exchange.method == "HEAD":
            # What is ours is as long as GET's: the head says what GET's would.
            chain.run(b"", len(body) if isinstance(body, bytes) else body.length)
            if chain.has_worked:
                exchange.body = _Bytes(b"", None)
            return
        chain.run(b"")
        if measured and "content-length" not in exchange.out and not isinstance(body, bytes):
            # The length was of what no filter has changed.
            body.length = None
        return
    if not isinstance(body, bytes) and exchange.proxy is None and (body.length or STEP) < STEP:
        body = await _whole(body)
    if isinstance(body, bytes) and len(body) <= STEP:
        exchange.body = chain.run(body)
        return
    chain.start(len(body) if isinstance(body, bytes) else body.length)
    if chain.is_idle:
        return
    source = _Bytes(body, len(body)) if isinstance(body, bytes) else body
    exchange.body = wrapped = FilteredBody(source, chain)
    await wrapped.prepare()


async def _whole(body: Body) -> bytes:
    """A short body that is read without waiting for anyone."""
    pieces = [body.first]
    while count := await body.readinto(_SCRATCH):
        pieces.append(bytes(_SCRATCH[:count]))
    body.close()
    return b"".join(pieces)


class _Bytes:
    """Octets that are here, as a body."""

    __slots__ = ("first", "length", "timeout")

    def __init__(self, data: bytes, length: int | None) -> None:
        self.first = data
        self.length = length
        self.timeout: float | None = None

    async def readinto(self, buffer: memoryview) -> int:
        del buffer
        return 0

    def close(self) -> None:
        return
