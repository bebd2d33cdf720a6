"""A response on the wire: status line, fields, framing (RFC 9112, section 6).

Laws:
- HTTP/1.1 in every status line; Date and Server first, generated where the origin sent none.
- The framing is decided once: a Content-Length where the length is known, else the chunked coding
  for HTTP/1.1 and the end of the connection for others.
- The head and what is at hand of the body leave together.
- No value ends its line, whatever a rule made of a request: the answer is 500 instead.
"""

from __future__ import annotations

from typing import Any, Final

from revproxy.errors import HTTPError
from revproxy.http.chunked import LAST_CHUNK, chunk
from revproxy.http.dates import http_date_now
from revproxy.http.fields import Fields
from revproxy.http.message import Body, Exchange
from revproxy.http.pages import error_page, page_type, reason_phrase
from revproxy.http.response_head import merge_vary
from revproxy.plan.plan import VirtualHost

_NO_BODY: Final = frozenset((204, 304))
_FRAMING: Final = frozenset(("content-length", "transfer-encoding"))
_CLOSING: Final = frozenset((400, 408, 411, 413, 414, 500, 501, 503))
"""After these the connection is not kept (`ap_status_drops_connection`)."""

_CHUNKED: Final = [b"Transfer-Encoding: chunked"]
_CONTROLS: Final = bytes((*range(9), *range(10, 32), 127))
"""What no field value has (RFC 9110, section 5.5)."""


class Response:
    """What is to be sent for an exchange."""

    __slots__ = (
        "data",
        "exchange",
        "is_chunked",
        "is_tunnel",
        "keeps_alive",
        "stream",
    )

    def __init__(self, exchange: Exchange, requests: int, stopping: bool) -> None:
        self.exchange = exchange
        self.stream: Body | None = None
        """What of the body is still to be read; None where `data` is all."""
        self.is_chunked = False
        self.is_tunnel = exchange.status == 101
        self.keeps_alive = _keeps_alive(exchange, requests, stopping)
        body = exchange.body
        if isinstance(body, bytes) and self._is_unchanged():
            # An origin's answer that is all here and that nothing changed: 2 µs less.
            exchange.body_sent = len(body)
            self.data = self._unchanged(self._connection_lines(requests), body)
            return
        try:
            self.data = self._begin(requests)
        except HTTPError as error:
            _replace(exchange, error)
            self.stream, self.is_chunked, self.keeps_alive = None, False, False
            self.data = self._begin(requests)

    def _begin(self, requests: int) -> bytes:
        exchange = self.exchange
        if self.is_tunnel:
            return self._head([], b"", requests)
        body: Any = exchange.body
        bodiless = exchange.method == "HEAD" or exchange.status in _NO_BODY
        if isinstance(body, bytes):
            return self._begin_bytes(body, bodiless, requests)
        first = body.first
        if bodiless:
            return self._head(_head_framing(exchange, body), b"", requests)
        whole = body.length is not None and len(first) == body.length
        exchange.body_sent += len(first)
        if body.length is not None:
            if not whole:
                self.stream = body
            return self._head(_length_line(body.length), first, requests)
        self.stream = body
        if exchange.protocol == "HTTP/1.1":
            self.is_chunked = True
            if first:
                first = chunk(first)
            if getattr(body, "is_over", False):
                # All of it leaves at once: half of the calls for an application's short answer.
                self.stream = None
                first += LAST_CHUNK
            return self._head(_CHUNKED, first, requests)
        self.keeps_alive = False
        return self._head([], first, requests)

    def _begin_bytes(self, body: bytes, bodiless: bool, requests: int) -> bytes:
        framing = [] if self.exchange.status in _NO_BODY else _length_line(len(body))
        if bodiless:
            # No page is made for HEAD, and a length of 0 would say what GET would not.
            framing = [] if self.exchange.generated or not body else framing
            body = b""
        self.exchange.body_sent = len(body)
        return self._head(framing, body, requests)

    def encode(self, data: memoryview | None) -> bytes:
        """A further chunk of the body as it goes out; None stands for its end."""
        if data is None:
            return LAST_CHUNK
        self.exchange.body_sent += len(data)
        return chunk(bytes(data))

    def _head(self, framing: list[bytes], body: bytes, requests: int) -> bytes:
        exchange = self.exchange
        if exchange.protocol == "HTTP/0.9":
            return body
        if self.is_tunnel:
            # As in Apache, nothing is added to what the origin said.
            lines = [f"HTTP/1.1 101 {exchange.reason}".encode("latin-1")]
            lines += [item[2] for item in exchange.out]
            return b"\r\n".join(lines) + b"\r\n\r\n"
        connection = self._connection_lines(requests)
        head = exchange.origin_head
        has_length = not framing or (head is not None and "content-length" in head.names)
        if has_length and self._is_unchanged():
            return self._unchanged(connection, body)
        return b"".join((self._compose(framing), connection, b"\r\n", body))

    def _connection_lines(self, requests: int) -> bytes:
        if not self.keeps_alive:
            return b"Connection: close\r\n"
        if "keep-alive" in self.exchange.block.connection:
            return _keep_alive_lines(self.exchange.server, requests)
        return b""

    def _is_unchanged(self) -> bool:
        """Nothing changed the origin's head: its bytes may go on."""
        exchange = self.exchange
        head = exchange.origin_head
        return (
            head is not None
            and exchange.out.items is head.end_to_end
            and not exchange.err.items
            and exchange.status == head.status
            and exchange.protocol != "HTTP/0.9"
            and "force-response-1.0" not in exchange.env
        )

    def _unchanged(self, connection: bytes, body: bytes) -> bytes:
        head = self.exchange.origin_head
        assert head is not None
        names = head.names
        return b"".join(
            (
                head.status_line,
                b"" if "date" in names else b"Date: " + http_date_now() + b"\r\n",
                b"" if "server" in names else self.exchange.server.server_line + b"\r\n",
                head.lines,
                connection,
                b"\r\n",
                body,
            )
        )

    def _compose(self, framing: list[bytes]) -> bytes:
        """Status line and fields, each with its CRLF."""
        exchange = self.exchange
        reason = exchange.reason
        if reason is None:
            reason = reason_phrase(exchange.status)
        version = "1.0" if "force-response-1.0" in exchange.env else "1.1"
        names, lines = self._known_lines(framing)
        return b"".join(
            (
                f"HTTP/{version} {exchange.status} {reason}\r\n".encode("latin-1"),
                b"" if "date" in names else b"Date: " + http_date_now() + b"\r\n",
                b"" if "server" in names else exchange.server.server_line + b"\r\n",
                lines,
            )
        )

    def _known_lines(self, framing: list[bytes]) -> tuple[frozenset[str], bytes]:
        """The names of the fields and their lines, remembered from the connection's last response.

        What modules made of a head that was met before are the same objects: comparing them costs
        a fifth of putting the lines together.
        """
        exchange = self.exchange
        key = (exchange.err.items, exchange.out.items, framing, exchange.content_type)
        memo = exchange.connection.memo.get(Response)
        if memo is not None and memo[0] == key:
            known: tuple[frozenset[str], bytes] = memo[1]
            return known
        names, lines = self._lines(framing)
        exchange.connection.memo[Response] = (key, (names, lines))
        return names, lines

    def _lines(self, framing: list[bytes]) -> tuple[frozenset[str], bytes]:
        exchange = self.exchange
        items = exchange.err.items + exchange.out.items
        names = frozenset(item[0] for item in items)
        if "vary" in names:
            items = merge_vary(items)
        # Whatever a module said of the length, the framing is ours, in the place of an origin's.
        framing = list(framing)
        lines = []
        for item in items:
            if item[0] not in _FRAMING:
                lines.append(item[2])
            elif framing:
                lines.append(framing.pop())
        lines += framing
        if exchange.content_type is not None and "content-type" not in names:
            lines.append(b"Content-Type: " + exchange.content_type.encode("latin-1"))
        data = b"\r\n".join([*lines, b""])
        if len(data) - len(data.translate(None, _CONTROLS)) != 2 * len(lines):
            raise HTTPError(500, "a field of the response has invalid characters")
        return names, data


def _replace(exchange: Exchange, error: HTTPError) -> None:
    """Answer with the page of an error: what was to be sent cannot be."""
    if not isinstance(exchange.body, bytes):
        exchange.body.close()
    exchange.status, exchange.reason = error.status, None
    exchange.out, exchange.err = Fields(), Fields()
    exchange.generated = True
    exchange.content_type = page_type(exchange)
    exchange.body = error_page(exchange, error)
    log = exchange.server.error_log
    if log is not None:
        log.log("error", "http", error.detail, exchange=exchange)


def _head_framing(exchange: Exchange, body: Body) -> list[bytes]:
    """What the answer to HEAD says of the body that GET would have."""
    if exchange.method != "HEAD" or exchange.status in _NO_BODY:
        return []
    if body.length is None:
        head = exchange.origin_head
        is_chunked = head is not None and head.chunked and exchange.protocol == "HTTP/1.1"
        return _CHUNKED if is_chunked else []
    return _length_line(body.length or None)


_CLOSING_ENV: Final = frozenset(("nokeepalive", "force-response-1.0", "downgrade-1.0"))


def _length_line(length: int | None) -> list[bytes]:
    return [] if length is None else [b"Content-Length: %d" % length]


def _keep_alive_lines(server: VirtualHost, requests: int) -> bytes:
    timeout = int(server.keep_alive_timeout)
    if server.max_keep_alive:
        left = server.max_keep_alive - requests + 1
        return b"Keep-Alive: timeout=%d, max=%d\r\nConnection: Keep-Alive\r\n" % (timeout, left)
    return b"Keep-Alive: timeout=%d\r\nConnection: Keep-Alive\r\n" % timeout


def _keeps_alive(exchange: Exchange, requests: int, stopping: bool) -> bool:
    server: VirtualHost = exchange.server
    if exchange.close or stopping or not server.keep_alive or exchange.status in _CLOSING:
        return False
    if requests > server.max_keep_alive > 0:
        return False
    if exchange.env and not _CLOSING_ENV.isdisjoint(exchange.env):
        return False
    options = exchange.block.connection
    if exchange.protocol == "HTTP/1.1":
        return "close" not in options
    return exchange.protocol == "HTTP/1.0" and "keep-alive" in options
