"""The filters that unpack gzip: INFLATE for responses, DEFLATE for requests' bodies.

Laws:
- Only what is gzip by the last of its codings is unpacked.
- A response that is no sound gzip, or a bomb, is cut short, or is 500 where nothing has gone out;
  a request's body is 400 then, and 413 where it becomes larger than is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from revproxy.coding.gzip import BombError, GzipDecoder, Limits
from revproxy.coding.response import alter_etag, changed_body, content_codings, drop_coding
from revproxy.errors import HTTPError, OriginError
from revproxy.filters import Filter, Kind
from revproxy.http.fields import Fields
from revproxy.http.message import Exchange, RequestBody

_GZIP: Final = ("gzip", "x-gzip")


class InflateFilter(Filter):
    """Unpacks one response."""

    kind = Kind.INFLATE
    step = 4096
    """What this many octets unpack to at most is some MiB, of which limits let little pass."""

    def __init__(self, limits: Limits, alter: str = "addsuffix") -> None:
        self._limits = limits
        self._alter = alter
        self._decoder = GzipDecoder(limits)

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        codings = content_codings(exchange)
        if exchange.status == 204 or "content-range" in exchange.out:
            return False
        if not codings or codings[-1].lower() not in _GZIP:
            return False
        drop_coding(exchange, "gzip")
        changed_body(exchange)
        alter_etag(exchange.out, "gunzip", self._alter)
        return exchange.status != 304 and exchange.method != "HEAD"

    def feed(self, data: bytes) -> bytes:
        try:
            return self._decoder.feed(data)
        except ValueError as error:
            raise OriginError(500, str(error)) from None

    def finish(self) -> bytes:
        if not self._decoder.is_done:
            raise OriginError(500, "Zlib: Validation bytes not present")
        return b""


class InflatedBody:
    """A request's body, unpacked as it is read (`http.message.RequestBody`)."""

    __slots__ = ("_body", "_decoder", "_rest", "expects_continue", "is_finished", "length")

    def __init__(self, body: RequestBody, limits: Limits) -> None:
        self._body = body
        self._decoder = GzipDecoder(limits)
        self._rest = b""
        """What was unpacked and did not fit in a buffer."""
        self.length: int | None = None
        self.is_finished = False
        self.expects_continue = body.expects_continue

    def at_hand(self) -> bytes | None:
        data = self._body.at_hand()
        if data is None:
            return None
        self.is_finished = True
        out = self._unpack(data)
        self._check_end()
        return out

    async def read(self) -> bytes:
        self._body.expects_continue = self.expects_continue
        self.expects_continue = False
        while not self.is_finished:
            data = await self._body.read()
            out = self._unpack(data) if data else b""
            if self._body.is_finished:
                self.is_finished = True
                self._check_end()
            if out:
                return out
        return b""

    async def readinto(self, buffer: memoryview) -> int:
        piece = self._rest or await self.read()
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        self._rest = piece[count:]
        return count

    def _unpack(self, data: bytes) -> bytes:
        if self._decoder.is_done:
            raise HTTPError(400, "Encountered extra data after compressed data", close=True)
        try:
            out = self._decoder.feed(data)
        except BombError as error:
            status = 413 if error.too_large else 400
            raise HTTPError(status, str(error), close=True) from None
        except ValueError as error:
            raise HTTPError(400, str(error), close=True) from None
        if self._decoder.surplus:
            raise HTTPError(400, "Encountered extra data after compressed data", close=True)
        return out

    def _check_end(self) -> None:
        if not self._decoder.is_done:
            message = "Encountered premature end-of-stream while inflating"
            raise HTTPError(400, message, close=True)


def inflate_request(
    exchange: Exchange, body: RequestBody, limits: Callable[[Exchange], Limits]
) -> RequestBody:
    """The body unpacked where the request says it is gzip, else the body as it is."""
    fields = exchange.fields
    value = fields.get("content-encoding") or ""
    words = [word.strip() for word in value.split(",")]
    while words and words[-1].lower() in ("", "identity"):
        words.pop()
    if not words or words[-1].lower() not in _GZIP or "content-range" in fields or body.length == 0:
        return body
    _drop(fields, words[:-1])
    return InflatedBody(body, limits(exchange))


def _drop(fields: Fields, words: list[str]) -> None:
    if words:
        fields.set("Content-Encoding", ",".join(words))
    else:
        fields.unset("Content-Encoding")
    fields.unset("Content-Length")
    fields.unset("Content-MD5")
