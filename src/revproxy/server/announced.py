"""Connections that begin with the PROXY protocol: read it, then serve as any other.

Laws:
- Not one octet behind the header is read here: what follows may be a TLS handshake.
- No header, or a wrong one, ends the connection without a word.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from socket import socket
from typing import Final

from revproxy import sockets
from revproxy.http.proxy_protocol import (
    HEAD,
    LONGEST_LINE,
    SIGNATURE,
    Source,
    parse_addresses,
    parse_head,
    parse_line,
)
from revproxy.server.connection import ClientConnection, TimedOut

_SHORTEST: Final = len("PROXY UNKNOWN\r\n")


async def serve_announced(
    connection: ClientConnection,
    sock: socket,
    patience: float,
    serve: Callable[[], Awaitable[None]],
) -> None:
    """`serve` a connection that begins with the header; it may take `patience` seconds to come."""
    connection.set_deadline(patience, None)
    try:
        connection.announced = await read_source(sock)
    except (ValueError, OSError, TimedOut):
        connection.drop()
        return
    await serve()


async def read_source(sock: socket) -> Source | None:
    """Who the client is said to be, None where nothing is said.

    Raises ValueError for what is no header, OSError.
    """
    data = await _exactly(sock, _SHORTEST)
    if data[:12] != SIGNATURE:
        return parse_line(await _line(sock, data))
    head = data + await _exactly(sock, HEAD - _SHORTEST)
    return parse_addresses(head, await _exactly(sock, parse_head(head)))


async def _line(sock: socket, data: bytes) -> bytes:
    """The rest of a line, octet by octet: how long it is nobody knows."""
    if not data.startswith(b"PROXY "):
        raise ValueError("no PROXY line")
    while not data.endswith(b"\r\n"):
        if len(data) >= LONGEST_LINE:
            raise ValueError("a PROXY line is at most 107 octets long")
        data += await _exactly(sock, 1)
    return data[:-2]


async def _exactly(sock: socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = await sockets.recv(sock, count - len(data))
        if not piece:
            raise ValueError("the connection ended within the PROXY header")
        data += piece
    return data
