"""One connection to an origin: a request out, a response in.

Laws:
- Sockets only through `sockets`; what is read is judged by `http/wire.py` alone.
- A connection goes back to its pool only after a response that was read to its end, had a clear
  length and left no octet over; else it is closed. So no response can reach another's client.
- The caller keeps the time: `exchange.connection` carries the deadline that is in force.
"""

from __future__ import annotations

import re
from socket import socket
from typing import TYPE_CHECKING, Final

from revproxy import sockets
from revproxy.errors import OriginError
from revproxy.http.chunked import ChunkedReader
from revproxy.http.response_head import (
    MAX_RESPONSE_HEAD,
    ResponseHead,
    StatusLineError,
    parse_response,
)

if TYPE_CHECKING:
    from revproxy.upstream.request import BodySender
    from revproxy.upstream.route import Route
    from revproxy.upstream.worker import Worker

_READ_SIZE: Final = 64 * 1024


class OriginConnection:
    """A socket to an origin, and what was read from it but not used."""

    __slots__ = (
        "bad_header",
        "idle_since",
        "is_alive",
        "requests",
        "rest",
        "route",
        "sender",
        "sock",
        "worker",
    )

    def __init__(self, worker: Worker, sock: socket, route: Route | None = None) -> None:
        self.worker = worker
        self.route = route
        """What sets it apart from others to the origin; None where nothing does."""
        self.sock = sock
        self.is_alive = sockets.silence_of(sock)
        """Whether an idle connection can take a request."""
        self.rest = b""
        self.bad_header = "IsError"
        """ProxyBadHeader."""
        self.requests = 0
        """Responses that were read whole: above 0, the connection was reused."""
        self.idle_since = 0.0
        self.sender: BodySender | None = None
        """What still sends a request's body, where the response came first."""

    def close(self) -> None:
        sockets.close(self.sock)

    async def send(self, data: bytes | memoryview) -> None:
        """Raises OSError."""
        await sockets.send_all(self.sock, data)

    async def read_head(self, method: str) -> ResponseHead:
        """The next response head, interim ones included; what follows it is in `rest`.

        Raises OriginError 502 (not HTTP, closed, too long) and OSError.
        """
        data = self.rest
        end = data.find(b"\r\n\r\n") if data else -1
        while end < 0:
            if data:
                _check_beginning(data)
            # A peer that has just been asked is not there yet: wait before the first call.
            if data:
                piece = await sockets.recv(self.sock, _READ_SIZE)
            else:
                piece = await sockets.recv_later(self.sock, _READ_SIZE)
            if not piece:
                raise EndOfStreamError(bool(data), has_status=b"\n" in data)
            scanned = len(data)
            data = data + piece if data else piece
            if data.startswith(b"\r\n"):
                data = data[2:]
            end = data.find(b"\r\n\r\n", max(0, scanned - 3))
            if end < 0 and _BARE_END(data):
                data = _with_crlf(data)
                end = data.find(b"\r\n\r\n")
        self.rest = data[end + 4 :]
        return self._parse(data[:end], method)

    def _parse(self, data: bytes, method: str) -> ResponseHead:
        try:
            head = parse_response(data, method)
        except StatusLineError as error:
            raise _corrupt(error.args[0]) from None
        except ValueError as error:
            head = self._despite(data, method, error)
        limit = self.worker.parameters.responsefieldsize
        if head.size > limit:
            line = data.partition(b"\r\n")[0]
            if len(line) > limit:
                raise _corrupt(line.decode("latin-1"))
            if max([len(item[2]) for item in head.fields], default=0) > limit:
                raise OriginError(502, "a field of the response is too long")
        return head

    def _despite(self, data: bytes, method: str, error: ValueError) -> ResponseHead:
        """The head without lines that are no fields, where ProxyBadHeader lets it pass.

        Raises OriginError 502.
        """
        lines = data.split(b"\r\n")
        bad = next((index for index, line in enumerate(lines) if index and b":" not in line), None)
        if bad is None or self.bad_header == "IsError":
            raise OriginError(502, str(error)) from None
        if self.bad_header == "StartBody":
            # What follows the bad line is the body; it ends with the connection.
            self.rest = b"\r\n".join(lines[bad + 1 :]) + b"\r\n\r\n" + self.rest
            kept = [line for line in lines[:bad] if not _is_framing(line)]
            return parse_response(b"\r\n".join([*kept, b"Connection: close"]), method)
        kept = [line for index, line in enumerate(lines) if not index or b":" in line]
        try:
            return parse_response(b"\r\n".join(kept), method)
        except ValueError as second:
            raise OriginError(502, str(second)) from None


def _is_framing(line: bytes) -> bool:
    return line.partition(b":")[0].lower() in (b"content-length", b"transfer-encoding")


class EndOfStreamError(OriginError):
    """The origin closed the connection; `began` where part of a head had come."""

    def __init__(self, began: bool, *, has_status: bool = False) -> None:
        reason = None if has_status else "Proxy Error"
        super().__init__(502, "Error reading from remote server", reason=reason)
        self.began = began


_BARE_END: Final = re.compile(rb"\n\r?\n").search


def _with_crlf(data: bytes) -> bytes:
    """A head whose lines end in LF alone (RFC 9112, section 2.2) as it should be."""
    match = _BARE_END(data)
    assert match is not None
    head = data[: match.start()].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return head + b"\r\n\r\n" + data[match.end() :]


def _corrupt(line: str) -> OriginError:
    text = f"Corrupt status line returned by remote server: {line[:200]}"
    return OriginError(502, text, reason="Proxy Error")


def _check_beginning(data: bytes) -> None:
    """Give up early on what cannot become a head. Raises OriginError 502."""
    if not data.startswith(b"HTTP/1."[: len(data)]) and data not in (b"\r", b"\r\n"):
        raise _corrupt(data.partition(b"\n")[0].rstrip(b"\r").decode("latin-1"))
    if len(data) > MAX_RESPONSE_HEAD:
        raise OriginError(502, "response head too long", reason="Proxy Error")


class OriginBody:
    """A response body as it comes from an origin (`http.message.Body`)."""

    __slots__ = ("_connection", "first", "length", "timeout")

    def __init__(self, connection: OriginConnection, length: int | None) -> None:
        self._connection: OriginConnection | None = connection
        self.first = b""
        self.length = length
        self.timeout: float | None = None

    def _finish(self, *, reusable: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            sender, connection.sender = connection.sender, None
            if sender is not None and not sender.done:
                sender.cancel()
                reusable = False
            if reusable and not connection.rest:
                connection.requests += 1
                connection.worker.release(connection)
            else:
                connection.worker.discard(connection)

    async def readinto(self, buffer: memoryview) -> int:
        """Nothing follows `first`, unless a kind of body says so."""
        del buffer
        return 0

    def pauses(self) -> bool:
        """Whether the origin has sent nothing more so far, though there is more to come."""
        connection = self._connection
        return connection is not None and connection.is_alive()

    def close(self) -> None:
        """Give back the connection; one that is not read to its end is closed."""
        self._finish(reusable=False)


class LengthBody(OriginBody):
    """A body of known length."""

    __slots__ = ("_remaining", "_reusable")

    def __init__(self, connection: OriginConnection, length: int, *, reusable: bool) -> None:
        super().__init__(connection, length)
        self.first = connection.rest[:length]
        connection.rest = connection.rest[length:]
        self._remaining = length - len(self.first)
        self._reusable = reusable
        if not self._remaining:
            self._finish(reusable=reusable)

    async def readinto(self, buffer: memoryview) -> int:
        if not self._remaining or self._connection is None:
            return 0
        try:
            count = await sockets.recv_into(self._connection.sock, buffer[: self._remaining])
        except OSError:
            count = 0
        if not count:
            self._finish(reusable=False)
            raise OriginError(502, "the origin's body ended before its Content-Length")
        self._remaining -= count
        if not self._remaining:
            self._finish(reusable=self._reusable)
        return count


class ChunkedBody(OriginBody):
    """A body in the chunked coding, decoded."""

    __slots__ = ("_reader", "_reusable", "_surplus")

    def __init__(self, connection: OriginConnection, *, reusable: bool) -> None:
        super().__init__(connection, None)
        self._reader = ChunkedReader()
        self._reusable = reusable
        self._surplus = b""
        rest, connection.rest = connection.rest, b""
        if rest:
            self.first = self._decode(rest)
            if self._reader.done and not self.first:
                self.length = 0

    @property
    def trailers(self) -> list[bytes]:
        """The lines of the trailer section, for the log."""
        return self._reader.trailers

    @property
    def is_over(self) -> bool:
        """Nothing follows what is at hand."""
        return self._connection is None and not self._surplus

    def _decode(self, data: bytes) -> bytes:
        try:
            decoded = self._reader.feed(data)
        except ValueError as error:
            self._finish(reusable=False)
            raise OriginError(502, str(error)) from None
        if self._reader.done and self._connection is not None:
            self._connection.rest = self._reader.rest
            self._finish(reusable=self._reusable)
        return decoded

    async def readinto(self, buffer: memoryview) -> int:
        data = self._surplus
        while not data:
            if self._reader.done or self._connection is None:
                return 0
            try:
                piece = await sockets.recv(self._connection.sock, len(buffer))
            except OSError:
                piece = b""
            if not piece:
                self._finish(reusable=False)
                raise OriginError(502, "the origin's chunked body was cut short")
            data = self._decode(piece)
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        self._surplus = data[count:]
        return count


class CloseBody(OriginBody):
    """A body that ends with the connection."""

    __slots__ = ()

    def __init__(self, connection: OriginConnection) -> None:
        super().__init__(connection, None)
        self.first, connection.rest = connection.rest, b""

    async def readinto(self, buffer: memoryview) -> int:
        if self._connection is None:
            return 0
        try:
            count = await sockets.recv_into(self._connection.sock, buffer)
        except ConnectionError:
            raise OriginError(502, "the origin reset the connection") from None
        except OSError:
            count = 0
        if not count:
            self._finish(reusable=False)
        return count


class EmptyBody(OriginBody):
    """No body: HEAD, 204, 304, or a length of 0."""

    __slots__ = ()

    def __init__(self, connection: OriginConnection, length: int | None, *, reusable: bool) -> None:
        super().__init__(connection, length)
        self._finish(reusable=reusable)


def whole_body(connection: OriginConnection, head: ResponseHead, method: str) -> bytes | None:
    """The body where all of it came with the head, and the connection given back; else None.

    Most answers are small: this spares them an object and five calls, 1.5 µs.
    """
    length = head.length
    if length is None or head.chunked or method == "HEAD" or head.status in (204, 304):
        return None
    rest = connection.rest
    if len(rest) != length or connection.sender is not None:
        return None
    connection.rest = b""
    if _persists(head):
        connection.requests += 1
        connection.worker.release(connection)
    else:
        connection.worker.discard(connection)
    return rest


def _persists(head: ResponseHead) -> bool:
    """Whether the connection may serve another request (RFC 9112, section 9.3)."""
    if head.protocol == "HTTP/1.1":
        return "close" not in head.connection
    return "keep-alive" in head.connection


def body_of(connection: OriginConnection, head: ResponseHead, method: str) -> OriginBody:
    """The body that follows `head` (RFC 9112, section 6.3). Raises OriginError 502."""
    persistent = _persists(head)
    if method == "HEAD" or head.status in (204, 304):
        length = None if head.chunked else head.length
        return EmptyBody(connection, length, reusable=persistent)
    if head.chunked:
        # With a Content-Length beside it the framing is doubtful: one use only (RFC 9112, 6.3).
        return ChunkedBody(connection, reusable=persistent and head.length is None)
    if head.length is not None:
        if head.length == 0:
            return EmptyBody(connection, 0, reusable=persistent)
        return LengthBody(connection, head.length, reusable=persistent)
    return CloseBody(connection)
