"""One request to an origin: send it, and wait for the head of the response.

Laws:
- A failure is repeated only on a connection that was reused, before any octet of a response, and
  only for a request that may be repeated (RFC 9110, section 9.2.2) and whose body is at hand.
- A body is sent as it comes from the client, beside the waiting for the response; an origin that
  answers early is heard at once.
- Where the origin is pinged (`ping=`), the body waits for its 100 (Continue); a final answer
  instead ends the connection, as nobody knows whether the origin still waits for the body.
- Interim responses are passed on, ten at most.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from revproxy import sockets
from revproxy.errors import HTTPError, OriginError
from revproxy.http.chunked import LAST_CHUNK, chunk
from revproxy.http.message import Exchange, RequestBody
from revproxy.http.response_head import ResponseHead
from revproxy.lane import in_trio
from revproxy.records import dataclass
from revproxy.upstream.connection import EndOfStreamError, OriginConnection
from revproxy.upstream.worker import Worker

if TYPE_CHECKING:
    from revproxy.upstream.route import Route

MAX_INTERIM: Final = 10
_REPEATABLE: Final = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PROPFIND"))

_BUFFER: Final = memoryview(bytearray(256 * 1024))

Interim = Callable[[ResponseHead], Awaitable[None]]


@dataclass(slots=True)
class OriginRequest:
    """What goes to the origin. `body` is streamed after `data`, chunked where `is_chunked`."""

    method: str
    data: bytes
    """The head, and the body where it is at hand."""
    timeout: float
    connect_timeout: float
    bad_header: str = "IsError"
    route: Route | None = None
    """What the connection must be like; None for a plain one."""
    body: RequestBody | None = None
    is_chunked: bool = False
    ping: float | None = None
    """Seconds to wait for 100 (Continue) before the body is sent, None to send it at once."""
    held: bytes = b""
    """The beginning of the body that waits for the 100."""


class BodySender:
    """Sends a request's body while the response is awaited."""

    def __init__(self, origin: OriginConnection, request: OriginRequest, client: Exchange) -> None:
        import trio

        self.done = False
        self.error: HTTPError | None = None
        """What was wrong with the body of the client."""
        self.waiting = trio.CancelScope()
        """The wait for the response head, ended when the body fails."""
        self._scope = trio.CancelScope()
        self._origin = origin
        self._request = request
        self._client = client

    def cancel(self) -> None:
        """Stop sending: the response is over."""
        self._scope.cancel()

    async def run(self) -> None:
        with self._scope:
            try:
                await self._send()
            except HTTPError as error:
                self.error = error
                self.waiting.cancel()
            except OSError:
                # The origin stopped reading: its response, or the lack of one, tells the rest.
                return

    async def _send(self) -> None:
        request, connection = self._request, self._client.connection
        if request.held:
            connection.set_deadline(request.timeout, SEND_TIMEOUT)
            await self._origin.send(request.held)
        if request.body is not None and request.is_chunked:
            await self._send_chunks(request.body)
        elif request.body is not None:
            # One buffer for all, sent before anybody else runs: 0.3 less of Apache's CPU time.
            while count := await request.body.readinto(_BUFFER):
                connection.set_deadline(request.timeout, SEND_TIMEOUT)
                await self._origin.send(_BUFFER[:count])
        self.done = True
        connection.set_deadline(request.timeout, READ_TIMEOUT)

    async def _send_chunks(self, body: RequestBody) -> None:
        connection, timeout = self._client.connection, self._request.timeout
        while piece := await body.read():
            connection.set_deadline(timeout, SEND_TIMEOUT)
            await self._origin.send(chunk(piece))
        await self._origin.send(LAST_CHUNK)


READ_TIMEOUT: Final = OriginError(502, "Error reading from remote server", reason="Proxy Error")
SEND_TIMEOUT: Final = OriginError(504, "the origin did not take the request's body")
PING_TIMEOUT: Final = OriginError(503, "Timeout on 100-Continue", reason="Proxy Error")


async def ask(
    exchange: Exchange, worker: Worker, request: OriginRequest, interim: Interim
) -> tuple[OriginConnection, ResponseHead]:
    """Send a request and wait for its final response head.

    Raises OriginError (503 no connection, 502 no valid response) and the HTTPError of a client's
    body that fails.
    """
    first = True
    while True:
        origin = worker.idle(request.route) or await worker.connection(
            request.connect_timeout, request.route, request.timeout
        )
        reused = origin.requests > 0
        origin.bad_header = request.bad_header
        try:
            if request.body is None and request.ping is None:
                await sockets.send_all(origin.sock, request.data)
                exchange.connection.set_deadline(request.timeout, READ_TIMEOUT)
                head = await origin.read_head(request.method)
                if head.status < 200 and head.status != 101:
                    first = False
                    head = await _final_head(origin, request.method, interim, head)
                return origin, head
            head = await in_trio(_ask_with_body, exchange, origin, request, interim)
            return origin, head
        except (EndOfStreamError, OSError) as error:
            worker.discard(origin)
            began = isinstance(error, EndOfStreamError) and error.began
            may_repeat = request.body is None and request.method in _REPEATABLE
            if not (first and reused and may_repeat) or began:
                raise (error if began else READ_TIMEOUT) from None
            first = False
        except BaseException:
            worker.discard(origin)
            raise


async def _ask_with_body(
    exchange: Exchange, origin: OriginConnection, request: OriginRequest, interim: Interim
) -> ResponseHead:
    """Send the body beside waiting for the response, and first the ping where one is wanted."""
    sender = BodySender(origin, request, exchange)
    await origin.send(request.data)
    if request.ping is not None:
        exchange.connection.set_deadline(request.ping, PING_TIMEOUT)
        head = await origin.read_head(request.method)
        head = await _final_head(origin, request.method, interim, head, awaited=100)
        if head.status != 100:
            origin.sender = sender
            return head
        await interim(head)
    exchange.connection.start_soon(sender.run)
    try:
        with sender.waiting:
            first = await origin.read_head(request.method)
            head = await _final_head(origin, request.method, interim, first)
            if not sender.done:
                origin.sender = sender
                exchange.close = True
            return head
    except BaseException:
        sender.cancel()
        raise
    assert sender.error is not None
    raise sender.error


async def _final_head(
    origin: OriginConnection,
    method: str,
    interim: Interim,
    head: ResponseHead,
    *,
    awaited: int = 101,
) -> ResponseHead:
    """Pass on interim heads, `head` being the first read, until a final or awaited one."""
    for count in range(MAX_INTERIM):
        if head.status >= 200 or head.status in (101, awaited):
            return head
        await interim(head)
        if count < MAX_INTERIM - 1:
            head = await origin.read_head(method)
    text = f"Too many ({MAX_INTERIM}) interim responses from origin server"
    raise OriginError(502, text, reason="Proxy Error")
