"""A client's connection: heads in, exchanges through the phases, responses out.

Laws:
- One coroutine a connection, stepped by the lane, none a request. A deadline is a number that the
  watchdog looks at; it interrupts the coroutine, and what the client then gets is what
  `set_deadline` said.
- A response is framed here and nowhere else; a body that is cut short closes the connection, so
  that no one takes the next response for its rest.
- A request's body is read to its end or the connection ends with the response.
- `log` runs once for every exchange, whatever happened to it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from socket import socket
from typing import Any, Final

from revproxy import sockets
from revproxy.errors import HTTPError, OriginError
from revproxy.http.fields import Field
from revproxy.http.message import Exchange, Tls, Trace
from revproxy.http.request_head import NO_FIELDS, RequestBlock, parse_request
from revproxy.lane import Lane, Stepped, checkpoint, in_trio
from revproxy.phases import begin, fail, handle
from revproxy.plan.match import NameTable
from revproxy.plan.plan import VirtualHost
from revproxy.server.body import ClientBody
from revproxy.server.incoming import READ_SIZE, Incoming, NoRequestError
from revproxy.server.response import Response
from revproxy.server.watchdog import Watchdog

_BUFFER: Final = memoryview(bytearray(256 * 1024))
"""Shared by all connections of the child: filled and sent without a wait between (see
`sockets.send_all`)."""

_PIECES_BETWEEN_CHECKPOINTS: Final = 16
_LINGER: Final = 2.0
"""Seconds to wait for a client to stop sending, so that it reads the answer before a reset."""

_LINGER_OCTETS: Final = 1 << 20
"""What it may send in that time."""

_LONGEST_SHOWN: Final = 8190
"""Octets of a line that is no request's which the log shows."""

_VERSION: Final = re.compile(r"HTTP/[1-9]\.[0-9]").fullmatch


class TimedOut(Exception):  # noqa: N818 - a wait that was ended, not an error to tell
    """Raised where a connection waits when its deadline has passed."""


class ClientConnection(Incoming):
    """One accepted connection (`http.message.Connection`)."""

    __slots__ = (
        "_block",
        "_ended",
        "_exchange",
        "_head_sent",
        "_lane",
        "announced",
        "client_address",
        "client_port",
        "local_address",
        "local_port",
        "memo",
        "task",
        "trace",
    )

    def __init__(
        self,
        sock: socket,
        peer: Any,
        local: Any,
        names: NameTable[VirtualHost],
        watchdog: Watchdog,
        lane: Lane,
    ) -> None:
        super().__init__(sock, names, watchdog)
        self._lane = lane
        self.client_address, self.client_port = peer
        self.local_address, self.local_port = local
        self.trace: Trace | None = None
        self.announced: tuple[str, int] | None = None
        self.memo: dict[Any, Any] = {}
        self.task: Stepped | None = None
        """What serves this connection, where it can be interrupted."""
        self._block: RequestBlock | None = None
        self._exchange: Exchange | None = None
        self._head_sent = False
        self._ended = False

    # What an exchange may ask for.

    def start_soon(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        self._lane.start_in_trio(function, *args)

    async def send_interim(self, status: int, reason: str, fields: tuple[Field, ...]) -> None:
        lines = [f"HTTP/1.1 {status} {reason}".encode("latin-1"), *(item[2] for item in fields)]
        await sockets.send_all(self._sock, b"\r\n".join(lines) + b"\r\n\r\n")

    async def ask_certificate(self, most: int) -> None:
        # Loaded where TLS is spoken alone.
        from revproxy.server.later import TOO_LONG, ask_certificate

        exchange = self._exchange
        body = None if exchange is None else exchange.request_body
        if body is not None and max(body.length or 0, len(self._rest)) > most:
            raise HTTPError(413, TOO_LONG, close=True)
        self._rest += await ask_certificate(self._sock, self.tls, most, self._set_patience)
        self.on_timeout = None

    def _set_patience(self) -> None:
        """Let the client take its time to choose a certificate."""
        self.set_deadline(self._names.default.timeout, HTTPError(408, close=True))

    # The life of the connection.

    async def serve(self) -> None:
        """Serve requests until either side ends the connection."""
        try:
            while not self._ended:
                try:
                    await self._requests()
                    return
                except TimedOut:
                    if self._watchdog.is_stopping_hard or not await self._timed_out():
                        return
        except (OSError, TimedOut):
            # The client is gone, or took no answer: there is nobody to tell.
            return
        except Exception as defect:
            await self._tell_defect(defect)
            raise
        finally:
            self.drop()

    async def _tell_defect(self, defect: Exception) -> None:
        """Something here is wrong, not with the request: the log is told, and the client by 500.

        What led here may do so again, in a document for 500: then there is no answer.
        """
        exchange = self._exchange
        if exchange is None or self._head_sent:
            return
        exchange.server, exchange.close = exchange.server or self._names.default, True
        text = f"a defect of revproxy, please report it: {type(defect).__name__}: {defect}"
        with contextlib.suppress(Exception):
            self.set_deadline(self._names.default.timeout, None)
            self._exchange = await fail(exchange, HTTPError(500, text))
            await self._respond(self._exchange)

    @property
    def is_idle(self) -> bool:
        """It is kept alive, and nobody asks anything."""
        return self.requests > 0 and self._exchange is None and not self._rest

    def drop(self) -> None:
        """End the connection without a word."""
        self._abandon()
        sockets.close(self._sock)
        self._watchdog.forget(self)

    def interrupt(self) -> None:
        """The deadline has passed."""
        if self.task is not None:
            self.task.interrupt(TimedOut())

    def secured(self, sock: socket, tls: Tls | None = None) -> None:
        """The handshake is done: go on with the secured socket."""
        self._sock, self.tls, self.is_tls = sock, tls, True

    async def refuse(self, head: bytes, error: HTTPError) -> None:
        """Answer what is no request at all, and end the connection."""
        try:
            await self._refuse(head, error)
        except (OSError, TimedOut):
            return
        finally:
            self.drop()

    async def _requests(self) -> None:
        while not self._ended:
            try:
                head = await self._read_head()
            except NoRequestError as problem:
                await self._refuse(problem.data, problem.error)
                return
            if head is None:
                return
            await self._serve_request(head)

    async def _serve_request(self, head: bytes) -> None:
        default = self._names.default
        try:
            request = parse_request(head, default.limits, self._block)
        except HTTPError as error:
            await self._refuse(head, error)
            return
        self.requests += 1
        block = self._block = request.block
        exchange = self._exchange = Exchange(
            self, request.line, request.method, request.target, request.protocol, block
        )
        exchange.bytes_in = len(head) + 4
        self._head_sent = False
        if block.length or block.chunked:
            limit = default.read_limits.body
            exchange.request_body = ClientBody(self, exchange, default.timeout, limit)
        try:
            begin(exchange, self._names)
        except HTTPError as error:
            exchange.server = exchange.server or default
            exchange = await fail(exchange, error)
        else:
            exchange = await handle(exchange)
        self._exchange = exchange
        await self._respond(exchange)

    async def _refuse(self, head: bytes, error: HTTPError) -> None:
        """Answer what is no request at all, and close."""
        exchange = self._exchange = _unread(self, head)
        self.requests += 1
        exchange.bytes_in = len(head)
        exchange.server = self._names.default
        error.close = True
        exchange = await fail(exchange, error)
        self._exchange = exchange
        await self._respond(exchange)

    async def _timed_out(self) -> bool:
        """The deadline passed: answer if that is still possible. False to close."""
        exchange, error = self._exchange, self.on_timeout
        self.set_deadline(self._names.default.timeout, None)
        if exchange is None:
            await self._slow_head(error)
            return False
        if error is None or self._head_sent:
            return False
        exchange.close = exchange.close or not isinstance(error, OriginError)
        exchange = await fail(exchange, error)
        self._exchange = exchange
        await self._respond(exchange)
        return not self._ended

    async def _slow_head(self, error: HTTPError | None) -> None:
        """A head did not come in time.

        As in Apache, a client that has not even said a request line gets no answer: it may have
        connected ahead of what it will ask for. The log has a line for it all the same.
        """
        head, self._rest = self._rest, b""
        if error is None:
            return
        if b"\n" in head.lstrip(b"\r\n"):
            await self._refuse(head, error)
        elif not self.requests:
            self.requests = 1
            exchange = Exchange(self, "", "", "", "HTTP/1.0", NO_FIELDS)
            exchange.bytes_in = len(head)
            exchange.server, exchange.status = self._names.default, error.status
            exchange.plan, exchange.close = self._names.default.base, True
            self._finish(exchange)

    # The response.

    async def _respond(self, exchange: Exchange) -> None:
        """Send the response and see to the connection's future."""
        server: VirtualHost = exchange.server
        self.deadline = self._watchdog.reckoning + server.timeout
        self.on_timeout = None
        body = exchange.request_body
        unread = body is not None and not body.is_finished
        if unread and not self._may_drain(exchange):
            exchange.close = True
        response = Response(exchange, self.requests, self._watchdog.is_stopping)
        self._ended = exchange.close = not response.keeps_alive
        if exchange.first_sent:
            exchange.first_sent = time.time_ns()
        try:
            if response.is_tunnel:
                await self._tunnel(exchange, response)
            elif response.stream is None:
                self._head_sent = True
                await sockets.send_all(self._sock, response.data)
                exchange.bytes_out += len(response.data)
            else:
                await self._stream(exchange, response)
        except OriginError:
            # The response was cut short; the end of the connection says so.
            self._ended = True
        except OSError:
            exchange.aborted = True
            raise
        finally:
            self._finish(exchange)
        if unread:
            await self._drain(exchange)
        # A body knows its exchange: the two would have to wait for the collector (3 µs a request).
        exchange.request_body = None
        if self._ended and (unread or self._rest or exchange.status in (400, 413, 414)):
            await self._linger()

    async def _stream(self, exchange: Exchange, response: Response) -> None:
        """Send a head, and a body as it comes."""
        sock, buffer, timeout = self._sock, _BUFFER, exchange.server.timeout
        stream, chunked = response.stream, response.is_chunked
        assert stream is not None
        self._head_sent = True
        exchange.bytes_out += len(response.data)
        await sockets.send_all(sock, response.data)
        pieces = 0
        patience = timeout if stream.timeout is None else stream.timeout
        while True:
            self.deadline = self._watchdog.reckoning + patience
            count = await stream.readinto(buffer)
            self.deadline = self._watchdog.reckoning + timeout
            if not chunked:
                if not count:
                    break
                exchange.body_sent += count
                exchange.bytes_out += count
                await sockets.send_all(sock, buffer[:count])
            else:
                data = response.encode(buffer[:count] if count else None)
                exchange.bytes_out += len(data)
                if data:
                    await sockets.send_all(sock, data)
                if not count:
                    break
            pieces += 1
            if not pieces % _PIECES_BETWEEN_CHECKPOINTS:
                await checkpoint()

    async def _tunnel(self, exchange: Exchange, response: Response) -> None:
        self._ended = True
        self._head_sent = True
        await sockets.send_all(self._sock, response.data)
        exchange.bytes_out += len(response.data)

        async def send(data: bytes) -> None:
            exchange.bytes_out += len(data)
            await sockets.send_all(self._sock, data)

        tunnel: Any = exchange.body  # a Tunnel: the status is 101
        await in_trio(tunnel.relay, self.receive, send)

    def _finish(self, exchange: Exchange) -> None:
        """The exchange is over: give back what it holds, write it down."""
        self._exchange = None
        if not isinstance(exchange.body, bytes):
            exchange.body.close()
        for hook in exchange.server.log:
            hook(exchange)

    def _abandon(self) -> None:
        """The connection ends with an exchange unfinished."""
        if self._exchange is not None:
            self._finish(self._exchange)

    # A request body nobody read.

    def _may_drain(self, exchange: Exchange) -> bool:
        """Whether what is left of a body is worth reading to keep the connection."""
        body = exchange.request_body
        assert body is not None
        return not body.expects_continue and (body.length is None or body.length <= 64 * 1024)

    async def _drain(self, exchange: Exchange) -> None:
        body = exchange.request_body
        if body is None or body.expects_continue or exchange.close:
            self._ended = True
            return
        try:
            while await body.read():
                pass
        except HTTPError:
            self._ended = True

    async def _linger(self) -> None:
        """Let the client read the answer before the close resets what it still sends."""
        self.set_deadline(_LINGER, None)
        sockets.end_sending(self._sock)
        left = _LINGER_OCTETS
        while left > 0 and (data := await sockets.recv(self._sock, READ_SIZE)):
            left -= len(data)


def _unread(connection: ClientConnection, head: bytes) -> Exchange:
    """An exchange for what is no request, with what its first line tells the log."""
    line = head.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r")[:_LONGEST_SHOWN].decode("latin-1")
    line = line.partition("\0")[0]
    method, *words = line.split(" ")
    target, mark, query = (words[0] if words else "/").partition("?")
    version = _VERSION(words[-1]) if words else None
    protocol = "HTTP/1.0" if version is None else version[0]
    exchange = Exchange(connection, line, method, "", protocol, NO_FIELDS)
    exchange.raw_path, exchange.query = target, query if mark else None
    return exchange
