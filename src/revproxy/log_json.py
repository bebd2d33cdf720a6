"""The access log as JSON: the line that the nickname `json` of a CustomLog stands for.

Laws:
- One object a line (RFC 8259), ASCII alone; every line has the same members in the same order, and
  what is not there is null. Names are never changed, and new ones come last.
- After an internal redirect the request is the client's own; the answer is what the client got.
- Text that is UTF-8 is told as such, any other octets as Latin-1.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Final

from revproxy.http.message import Exchange, tls_variable
from revproxy.module import Server

NICKNAME: Final = "json"

_MEMO_ENTRIES: Final = 1024
_MEMO_LENGTH: Final = 1024
_memo: dict[str, str] = {}


def quoted(text: str | None) -> str:
    """A text as JSON; null for none."""
    if text is None:
        return "null"
    known = _memo.get(text)
    if known is not None:
        return known
    try:
        value = encode_basestring_ascii(text.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        value = encode_basestring_ascii(text)
    # The same fields come again and again.
    if len(text) <= _MEMO_LENGTH:
        if len(_memo) >= _MEMO_ENTRIES:
            _memo.clear()
        _memo[text] = value
    return value


def _field(name: str) -> Callable[[Exchange], str]:
    return lambda exchange: quoted(exchange.fields.get(name))


def _member(text: str) -> str:
    """A text that is empty where there is none."""
    return quoted(text or None)


def _timestamp() -> Callable[[Exchange], str]:
    second, text = -1, ""

    def render(exchange: Exchange) -> str:
        nonlocal second, text
        moment, fraction = divmod(exchange.started // 1000, 1_000_000)
        if moment != second:
            second, text = moment, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
        return f'"{text}.{fraction:06d}Z"'

    return render


def _duration(exchange: Exchange) -> str:
    return str(max(0, time.time_ns() - exchange.started) // 1000)


def _request_id(exchange: Exchange) -> str:
    env = exchange.env
    return quoted(env.get("UNIQUE_ID") or env.get("REDIRECT_UNIQUE_ID") or exchange.log_id)


def _upstream(exchange: Exchange) -> str:
    if exchange.proxy is None:
        return "null"
    return quoted(exchange.proxy.request_url.partition("?")[0])


def _connection(exchange: Exchange) -> str:
    if exchange.aborted:
        return '"aborted"'
    return '"close"' if exchange.close else '"keep-alive"'


def _user(first: Exchange, last: Exchange) -> str:
    return quoted(first.user if last.user is None else last.user)


def _error(first: Exchange, last: Exchange) -> str:
    return _member(first.error_detail or last.error_detail)


def _content_type(exchange: Exchange) -> str:
    value = exchange.content_type or exchange.out.get("content-type")
    return quoted(value or exchange.err.get("content-type"))


def members(server: Server) -> dict[str, tuple[Callable[[Exchange], object], bool]]:
    """What a line has, in order, and whether it tells of the request that the client made."""
    of_request, of_answer = True, False
    return {
        "time": (_timestamp(), of_request),
        "request_id": (_request_id, of_answer),
        "client": (lambda exchange: quoted(exchange.client_address), of_request),
        "client_port": (lambda exchange: exchange.client_port, of_request),
        "peer": (lambda exchange: quoted(exchange.connection.client_address), of_request),
        "server": (lambda _exchange: quoted(server.name), of_request),
        "port": (lambda exchange: exchange.connection.local_port, of_request),
        "host": (_field("host"), of_request),
        "method": (lambda exchange: _member(exchange.method), of_request),
        "path": (lambda exchange: _member(exchange.raw_path), of_request),
        "query": (lambda exchange: quoted(exchange.query), of_request),
        "protocol": (lambda exchange: _member(exchange.protocol), of_request),
        "request": (lambda exchange: _member(exchange.request_line), of_request),
        "status": (lambda exchange: exchange.status, of_answer),
        "bytes": (lambda exchange: exchange.body_sent, of_answer),
        "bytes_in": (lambda exchange: exchange.bytes_in, of_request),
        "bytes_out": (lambda exchange: exchange.bytes_out, of_answer),
        "duration_us": (_duration, of_request),
        "content_type": (_content_type, of_answer),
        "referer": (_field("referer"), of_request),
        "user_agent": (_field("user-agent"), of_request),
        "forwarded_for": (_field("x-forwarded-for"), of_request),
        "upstream": (_upstream, of_answer),
        "tls": (lambda exchange: quoted(tls_variable(exchange, "SSL_PROTOCOL")), of_request),
        "tls_cipher": (lambda exchange: quoted(tls_variable(exchange, "SSL_CIPHER")), of_request),
        "connection": (_connection, of_answer),
    }


def compile_json(server: Server) -> Callable[[Exchange], str]:
    """The function that makes lines for a virtual host."""
    known = members(server)
    names = [*known, "user", "error"]
    template = "{" + ", ".join(f'"{name}": %s' for name in names) + "}\n"
    items = tuple(known.values())

    def line(exchange: Exchange) -> str:
        first = exchange
        while first.previous is not None:
            first = first.previous
        values = [item(first if of_request else exchange) for item, of_request in items]
        return template % (*values, _user(first, exchange), _error(first, exchange))

    return line
