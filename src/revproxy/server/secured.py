"""Connections that begin with a TLS handshake: do it, then serve as any other.

Laws:
- The hello is looked at before OpenSSL has it, so the handshake runs with the settings of the
  virtual host that the client asks for (SNI).
- Whoever speaks HTTP instead is told so; every other failure ends the connection without a word.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final

from revproxy import sockets
from revproxy.errors import HTTPError
from revproxy.plan.match import NameTable
from revproxy.plan.plan import VirtualHost
from revproxy.server.connection import ClientConnection, TimedOut
from revproxy.tls.hello import LONGEST, NotTlsError, is_whole, server_name

if TYPE_CHECKING:
    from revproxy.tls.client import ClientTls

PLAIN_HTTP: Final = (
    "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n"
    " Instead use the HTTPS scheme to access this URL, please.<br />\n"
)
_LINE: Final = b"GET / HTTP/1.0"
"""What the log says of a request that nobody read."""

_METHODS: Final = (b"GET ", b"POST", b"HEAD", b"PUT ")


async def serve_secured(
    connection: ClientConnection, sock: socket.socket, names: NameTable[VirtualHost]
) -> None:
    """Serve a connection on a port where TLS is spoken."""
    # Loaded where TLS is spoken, and nowhere else: it brings a library that takes memory.
    from revproxy.tls.session import Session

    host = names.default
    connection.set_deadline(host.read_limits.handshake.first(host.timeout), None)
    try:
        hello = await _hello(sock)
        name = server_name(hello)
        host = _host(names, name)
        tls: ClientTls = host.tls
        secured = tls.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    except NotTlsError as error:
        await _refuse(connection, error)
        return
    except (OSError, TimedOut):
        connection.drop()
        return
    try:
        await sockets.handshake(secured)
        session = Session(secured, tls, name, is_among_many=names.is_shared)
        if session.client is not None and session.chain_length() - 1 > tls.depth:
            raise ssl.SSLError("the client's certificate chain is too long")
    except (OSError, ValueError, TimedOut) as error:
        if host.error_log is not None:
            host.error_log.log("info", "ssl", f"SSL handshake failed: {error}")
        connection.secured(secured)
        connection.drop()
        return
    connection.secured(secured, session)
    await connection.serve()


async def _hello(sock: socket.socket) -> bytes:
    """The client's hello, left in the socket. Raises NotTlsError, OSError."""
    data = b""
    while True:
        data = await sockets.peek(sock, LONGEST, len(data))
        try:
            if not data or is_whole(data) or len(data) >= LONGEST:
                return data
        except NotTlsError:
            raise NotTlsError(data) from None


def _host(names: NameTable[VirtualHost], name: str | None) -> VirtualHost:
    """Who the client asks for, where that host speaks TLS; else the address's first one."""
    if name is not None:
        found = names.find(name.lower().removesuffix("."))
        if found is not None and found.tls is not None:
            return found
    return names.default


async def _refuse(connection: ClientConnection, error: NotTlsError) -> None:
    data: bytes = error.args[0]
    if data[:4] in _METHODS:
        await connection.refuse(_LINE, HTTPError(400, PLAIN_HTTP))
    else:
        connection.drop()
