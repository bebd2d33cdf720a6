"""How a client is asked for credentials (RFC 9110, section 11.6.1)."""

from __future__ import annotations

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange


def unauthorized(exchange: Exchange, detail: str) -> HTTPError:
    """The 401 to raise, with the challenge of the scheme in force set."""
    assert exchange.challenge is not None
    exchange.err.set("WWW-Authenticate", exchange.challenge())
    return HTTPError(401, detail)
