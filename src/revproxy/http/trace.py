"""The answer to TRACE: the request as it was received (RFC 9110, section 9.3.8)."""

from __future__ import annotations

from typing import Final

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange

MAX_TRACE_BODY: Final = 64 * 1024


def check_trace(exchange: Exchange, enabled: str) -> None:
    """Refuse what TraceEnable forbids. Raises HTTPError 405 or 413."""
    if enabled == "off":
        raise HTTPError(405, "TRACE denied by server configuration", allow="")
    if exchange.request_body is not None and enabled != "extended":
        raise HTTPError(413, "TRACE with a request body is not allowed", close=True)


def answer_trace(exchange: Exchange, body: bytes = b"") -> None:
    """Answer with the request's head, and the body it had (TraceEnable extended)."""
    lines = [exchange.request_line.encode("latin-1")]
    lines += [item[2] for item in exchange.fields]
    exchange.content_type = "message/http"
    exchange.body = b"\r\n".join(lines) + b"\r\n\r\n" + body
