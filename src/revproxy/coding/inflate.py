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
from revproxy.http.changed_body import ChangedBody
from revproxy.http.fields import Fields
from revproxy.http.message import Exchange, RequestBody

_GZIP: Final = ("gzip", "x-gzip")
_SURPLUS: Final = "Encountered extra data after compressed data"


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


class InflatedBody(ChangedBody):
    """A request's body, unpacked as it is read."""

    __slots__ = ("_decoder",)

    def __init__(self, body: RequestBody, limits: Limits) -> None:
        super().__init__(body)
        self._decoder = GzipDecoder(limits)

    def feed(self, data: bytes) -> bytes:
        if not data:
            return b""
        if self._decoder.is_done:
            raise HTTPError(400, _SURPLUS, close=True)
        try:
            out = self._decoder.feed(data)
        except BombError as error:
            status = 413 if error.too_large else 400
            raise HTTPError(status, str(error), close=True) from None
        except ValueError as error:
            raise HTTPError(400, str(error), close=True) from None
        if self._decoder.surplus:
            raise HTTPError(400, _SURPLUS, close=True)
        return out

    def finish(self) -> bytes:
        if not self._decoder.is_done:
            message = "Encountered premature end-of-stream while inflating"
            raise HTTPError(400, message, close=True)
        return b""


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
