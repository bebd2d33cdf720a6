"""A tunnel: what a connection to an origin becomes after 101 (RFC 9110, section 7.8).

Laws:
- Bytes pass both ways, unread, until either side closes; then both are closed.
- The idle timeout counts from the last byte in either direction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from revproxy import sockets
from revproxy.http.message import Connection
from revproxy.upstream.connection import OriginConnection

_PIECE: Final = 64 * 1024


class OriginTunnel:
    """Relays between a client and an origin (`http.message.Tunnel`)."""

    def __init__(self, origin: OriginConnection, client: Connection, timeout: float) -> None:
        self._origin = origin
        self._client = client
        self._timeout = timeout

    async def relay(
        self, receive: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Relay until either side closes; closes the origin's connection."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._to_origin, receive, nursery.cancel_scope)
                await self._to_client(send)
                nursery.cancel_scope.cancel()
        finally:
            self._origin.worker.discard(self._origin)

    async def _to_origin(
        self, receive: Callable[[], Awaitable[bytes]], scope: trio.CancelScope
    ) -> None:
        try:
            while piece := await receive():
                self._client.set_deadline(self._timeout, None)
                await self._origin.send(piece)
        except OSError:
            pass
        scope.cancel()

    async def _to_client(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        piece, self._origin.rest = self._origin.rest, b""
        try:
            while True:
                if piece:
                    self._client.set_deadline(self._timeout, None)
                    await send(piece)
                piece = await sockets.recv(self._origin.sock, _PIECE)
                if not piece:
                    return
        except OSError:
            return
