"""The handler for HTTP/1.1 origins: composes the request, fills in the response.

Laws:
- What belongs to one connection stays there (RFC 9110, section 7.6.1), before ours is added: no
  client can suppress X-Forwarded-For by naming it in Connection.
- Order on the wire as Apache's: Host, the client's fields, ours, the framing, Connection.
- A client that repeats its fields on a connection costs no composing: the lines are remembered
  by the identity of the field table (2 µs of 25 a request).
"""

from __future__ import annotations

import functools
from typing import Final

from revproxy.errors import HTTPError, OriginError
from revproxy.http.chunked import chunk
from revproxy.http.fields import Field, field_name, make_field
from revproxy.http.message import Exchange, RequestBody
from revproxy.http.proxy_protocol import announcement
from revproxy.http.response_head import ResponseHead
from revproxy.http.wire import HOP_BY_HOP
from revproxy.proxy.facts import ProxyFacts
from revproxy.proxy.reverse import REVERSED_FIELDS, reverse_cookie, reverse_location, reverse_teller
from revproxy.proxy.spool import Spooled
from revproxy.proxy.target import Target, interpolate_env
from revproxy.upstream.connection import OriginBody, OriginConnection, body_of, whole_body
from revproxy.upstream.request import OriginRequest, ask
from revproxy.upstream.route import Route
from revproxy.upstream.tunnel import OriginTunnel
from revproxy.upstream.worker import Worker

PREFETCH: Final = 16 * 1024
"""Octets of a body that are awaited before the origin is asked.

So a slow client holds no connection to it, and a short chunked body goes with a Content-Length."""

_PROXY_ENV: Final = frozenset(("force-proxy-request-1.0", "proxy-nokeepalive"))
"""The variables that change a request's lines."""


class Http1Handler:
    """Handles the exchanges of one request plan whose target is http:// or ws://."""

    def __init__(self, facts: ProxyFacts) -> None:
        self._facts = facts
        self._has_reverse = bool(facts.reverses)
        self._has_cookies = bool(facts.cookie_paths or facts.cookie_domains)

    async def __call__(self, exchange: Exchange, target: Target) -> bool:
        """Ask the origin. Raises OriginError or HTTPError."""
        facts, worker = self._facts, target.worker
        parameters = worker.parameters
        upgrade = _allowed_upgrade(exchange, worker)
        body, streamed, chunked, held, ping = exchange.request_body, None, False, b"", None
        if body is None:
            framing = b"Content-Length: 0\r\n" if exchange.block.length == 0 else b""
            request_data = self._head(exchange, target, upgrade, framing)
        else:
            if parameters.ping is not None and "force-proxy-request-1.0" not in exchange.env:
                ping = parameters.ping
            expects = facts.continue_100 and exchange.block.expect is not None
            # The origin's own 100 goes to the client then: reading must not send another.
            body.expects_continue = body.expects_continue and not expects
            whole = body.at_hand()
            if whole is not None:
                data = whole
            else:
                data, streamed, chunked = await _prefetch(exchange, body, expects)
            framing = _framing(data, streamed, chunked=chunked)
            expects = ping is not None or (expects and streamed is not None)
            if chunked and data:
                data = chunk(data)
            request_data = self._head(exchange, target, upgrade, framing, expects=expects)
            if ping is None:
                request_data += data
            else:
                held = data
        if parameters.status and is_switched_off(parameters.status):
            raise OriginError(503, f"the worker {worker.name} is switched off by its status")
        timeout = parameters.timeout or facts.timeout
        request = OriginRequest(
            exchange.method,
            request_data,
            timeout,
            parameters.connectiontimeout or timeout,
            facts.bad_header,
            self._route(exchange, worker) if worker.is_secure or facts.announces else None,
            streamed,
            chunked,
            ping,
            held,
        )

        async def interim(head: ResponseHead) -> None:
            if head.status != 100 or (streamed is not None and exchange.block.expect is not None):
                await _pass_interim(exchange, head)

        origin, head_in = await ask(exchange, worker, request, interim)
        if head_in.status == 101:
            self._switch(exchange, origin, head_in, upgrade, timeout)
        else:
            self._answer(exchange, origin, head_in)
        return True

    def _route(self, exchange: Exchange, worker: Worker) -> Route:
        """What the connection must be like: secured, or begun with the PROXY protocol."""
        facts, connection = self._facts, exchange.connection
        name, header = None, b""
        tls = exchange.origin_tls if worker.is_secure else None
        if tls is not None:
            name = exchange.host if facts.preserve_host else worker.url.host.strip("[]")
        if facts.announces:
            header = announcement(
                facts.announces,
                (exchange.client_address, exchange.client_port),
                (connection.local_address, connection.local_port),
            )
        return Route(tls, name, header)

    # The request.

    def _head(
        self,
        exchange: Exchange,
        target: Target,
        upgrade: str | None,
        framing: bytes,
        *,
        expects: bool = False,
    ) -> bytes:
        """The request's head; `framing` is the field that frames its body, with its CRLF."""
        old = not exchange.env.keys().isdisjoint(_PROXY_ENV)
        lines = None if old or expects or upgrade else self._known_lines(exchange, target, framing)
        if lines is None:
            lines = self._lines(exchange, target, upgrade, framing, expects=expects)
        version = b"1.0" if old and "force-proxy-request-1.0" in exchange.env else b"1.1"
        return b"%b %b HTTP/%b\r\n%b" % (
            exchange.method.encode("latin-1"),
            target.path.encode("latin-1"),
            version,
            lines,
        )

    def _known_lines(self, exchange: Exchange, target: Target, framing: bytes) -> bytes:
        """The field lines, remembered from the connection's last request.

        Tables are compared entry by entry, and entries that were met before are the same objects:
        that costs a twentieth of composing them.
        """
        items = exchange.fields.items
        key = (items, target.worker, framing, exchange.client_address)
        memo = exchange.connection.memo.get(self)
        if memo is not None and memo[0] == key:
            lines: bytes = memo[1]
            return lines
        lines = self._lines(exchange, target, None, framing, expects=False)
        exchange.connection.memo[self] = (key, lines)
        return lines

    def _lines(
        self,
        exchange: Exchange,
        target: Target,
        upgrade: str | None,
        framing: bytes,
        *,
        expects: bool,
    ) -> bytes:
        """All lines of a head but the first, with the empty one."""
        facts = self._facts
        authority = target.authority
        if facts.preserve_host:
            authority = exchange.fields.get("host") or facts.server.name
        lines = [b"Host: " + authority.encode("latin-1")]
        lines += [item[2] for item in self._fields(exchange, expects=expects)]
        if framing:
            lines.append(framing[:-2])
        if "force-proxy-request-1.0" in exchange.env:
            # HTTP/1.0 closes by itself.
            pass
        elif upgrade is not None:
            lines += (b"Connection: Upgrade", b"Upgrade: " + upgrade.encode("latin-1"))
        elif target.worker.reuses and "proxy-nokeepalive" not in exchange.env:
            lines.append(b"Connection: Keep-Alive")
        else:
            lines.append(b"Connection: close")
        lines.append(b"\r\n")
        return b"\r\n".join(lines)

    def _fields(self, exchange: Exchange, *, expects: bool) -> list[Field]:
        """The client's end-to-end fields, with ours joined to them or behind them."""
        facts, block = self._facts, exchange.block
        if exchange.fields.items is block.fields and not expects:
            items = list(block.end_to_end)
        else:
            hop = HOP_BY_HOP | block.connection | {"host", "content-length"}
            if not expects:
                hop |= {"expect"}
            items = [item for item in exchange.fields.items if item[0] not in hop]
        if facts.via == "Block":
            items = [item for item in items if item[0] != "via"]
        elif facts.via != "Off":
            _merge(items, "Via", f"{exchange.protocol[5:]} {self._via_name(exchange)}")
        if facts.max_forwards >= 0 and "max-forwards" not in exchange.fields:
            items.append(make_field("Max-Forwards", str(facts.max_forwards)))
        if expects and "expect" not in exchange.fields:
            items.append(make_field("Expect", "100-Continue"))
        if facts.add_headers:
            host = exchange.field("host")
            for item in _forwarded(exchange.client_address, host, facts.server.name):
                if exchange.field(item[0]) is None:
                    items.append(item)
                else:
                    _merge(items, field_name(item), item[1])
        return items

    # The response.

    def _answer(self, exchange: Exchange, origin: OriginConnection, head: ResponseHead) -> None:
        body: bytes | OriginBody | None = whole_body(origin, head, exchange.method)
        if body is None:
            body = body_of(origin, head, exchange.method)
            body.timeout = origin.worker.parameters.timeout or self._facts.timeout
        exchange.status = head.status
        exchange.reason = head.reason
        exchange.body = body
        facts = self._facts
        if facts.override and facts.overrides(head.status):
            if not isinstance(body, bytes):
                body.close()
            exchange.body = b""
            for item in head.end_to_end:
                if item[0] == "www-authenticate":
                    exchange.err.items = (*exchange.err.items, item)
            raise HTTPError(head.status, reason=head.reason or None)
        exchange.origin_head = head
        exchange.out.items = self._fields_back(exchange, head)
        if (head.chunked and head.length is not None) or (
            exchange.method == "HEAD" and head.length == 0
        ):
            exchange.out.unset("Content-Length")

    def _fields_back(self, exchange: Exchange, head: ResponseHead) -> tuple[Field, ...]:
        facts = self._facts
        items = head.end_to_end
        if self._has_reverse and not REVERSED_FIELDS.isdisjoint(head.names):
            items = tuple(
                self._reverse(exchange, item) if item[0] in REVERSED_FIELDS else item
                for item in items
            )
        if self._has_cookies and "set-cookie" in head.names:
            items = tuple(
                self._cookie(exchange, item) if item[0] == "set-cookie" else item for item in items
            )
        if facts.via in ("On", "Full"):
            text = f"{head.protocol[5:]} {self._via_name(exchange)}"
            items = (*items, make_field("Via", text))
        return items

    def _via_name(self, exchange: Exchange) -> str:
        """Who we are in a Via field: name, a port that is not the scheme's, comment."""
        server = self._facts.server
        port = server.self_address(exchange)[1]
        where = f":{port}" if port not in (80, 443) else ""
        return f"{server.name}{where}{self._facts.via_comment}"

    def _reverse(self, exchange: Exchange, item: Field) -> Field:
        facts = self._facts
        value = reverse_location(
            item[1],
            facts.reverses,
            lambda path: facts.server.self_url(exchange, path),
            (lambda text: interpolate_env(text, exchange.env)) if facts.interpolate else None,
            None if exchange.trace is None else reverse_teller(exchange.trace),
        )
        return item if value is item[1] else _respelled(item, value)

    def _cookie(self, exchange: Exchange, item: Field) -> Field:
        facts = self._facts
        value = reverse_cookie(
            item[1],
            facts.cookie_paths,
            facts.cookie_domains,
            (lambda text: interpolate_env(text, exchange.env)) if facts.interpolate else None,
            None if exchange.trace is None else reverse_teller(exchange.trace),
        )
        return item if value == item[1] else _respelled(item, value)

    def _switch(
        self,
        exchange: Exchange,
        origin: OriginConnection,
        head: ResponseHead,
        upgrade: str | None,
        timeout: float,
    ) -> None:
        if upgrade is None or (head.upgrade or "").lower() != upgrade.lower():
            origin.worker.discard(origin)
            text = f"Unexpected Upgrade: {head.upgrade or 'n/a'} (expecting {upgrade or 'n/a'})"
            raise OriginError(502, text, reason="Proxy Error")
        exchange.status = 101
        exchange.reason = head.reason
        exchange.out.items = (
            *head.end_to_end,
            make_field("Upgrade", head.upgrade or upgrade),
            make_field("Connection", "Upgrade"),
        )
        exchange.body = OriginTunnel(origin, exchange.connection, timeout)


def is_switched_off(status: str) -> bool:
    """Whether `status=` says disabled (D) or stopped (S), signs and order counted."""
    states: set[str] = set()
    sign = "+"
    for letter in status:
        if letter in "+-":
            sign = letter
        elif sign == "+":
            states.add(letter)
        else:
            states.discard(letter)
    return not states.isdisjoint("DS")


def _framing(data: bytes, streamed: RequestBody | None, *, chunked: bool) -> bytes:
    """The field that frames a request's body, with its CRLF."""
    if chunked:
        return b"Transfer-Encoding: chunked\r\n"
    return b"Content-Length: %d\r\n" % (len(data) if streamed is None else streamed.length or 0)


async def _pass_interim(exchange: Exchange, head: ResponseHead) -> None:
    mode = exchange.env.get("proxy-interim-response", "RFC").lower()
    if exchange.protocol == "HTTP/1.1" and (head.status == 100 or mode != "suppress"):
        await exchange.connection.send_interim(head.status, head.reason, head.end_to_end)


@functools.lru_cache(1024)
def _forwarded(address: str, host: str | None, server: str) -> tuple[Field, ...]:
    """The fields that tell an origin of the client (ProxyAddHeaders)."""
    named = (make_field("X-Forwarded-Host", host),) if host else ()
    return (
        make_field("X-Forwarded-For", address),
        *named,
        make_field("X-Forwarded-Server", server),
    )


def _merge(items: list[Field], name: str, value: str) -> None:
    """Join `value` to the field of this name in its place, or add it at the end."""
    key = name.lower()
    for index, item in enumerate(items):
        if item[0] == key:
            items[index] = _respelled(item, f"{item[1]}, {value}")
            return
    items.append(make_field(name, value))


def _respelled(item: Field, value: str) -> Field:
    """The field with another value and its name as it was spelled."""
    return make_field(item[2].split(b":", 1)[0].decode("latin-1"), value)


def _allowed_upgrade(exchange: Exchange, worker: Worker) -> str | None:
    """The protocol the client may switch to, None where it asks for none or may not."""
    token = exchange.block.upgrade
    if token is None or "upgrade" not in exchange.block.connection:
        return None
    if worker.url.scheme in ("ws", "wss"):
        allowed = worker.parameters.upgrade or "WebSocket"
    elif worker.parameters.upgrade is None:
        return None
    else:
        allowed = worker.parameters.upgrade
    names = {name.strip().lower() for name in allowed.split(",")}
    return token if "any" in names or token.lower() in names else None


async def _prefetch(
    exchange: Exchange, body: RequestBody, expects: bool
) -> tuple[bytes, RequestBody | None, bool]:
    """What of a body that has not all come goes with the head, what is streamed after it, and
    whether chunked."""
    must_know = "force-proxy-request-1.0" in exchange.env or "proxy-sendcl" in exchange.env
    chunked = body.length is None
    if expects:
        return b"", body, chunked
    pieces: list[bytes] = []
    size = 0
    while size < PREFETCH and not body.is_finished:
        piece = await body.read()
        pieces.append(piece)
        size += len(piece)
    data = b"".join(pieces)
    if body.is_finished:
        return data, None, False
    if chunked and must_know:
        return data, await Spooled.of(body, len(data)), False
    return data, body, chunked
