"""A tunnel: what a connection to an origin becomes after 101 (RFC 9110, section 7.8).

Laws:
- Bytes pass both ways, unread, until either side closes; then both are closed.
- The idle timeout counts from the last byte in either direction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from revproxy import sockets
from revproxy.http.message import Connection
from revproxy.upstream.connection import OriginConnection

if TYPE_CHECKING:
    import trio

_PIECE: Final = 64 * 1024


class OriginTunnel:
    """Relays between a client and an origin (`http.message.Tunnel`)."""

    def __init__(self, origin: OriginConnection, client: Connection, timeout: float) -> None:
        self._origin: OriginConnection | None = origin
        self._client = client
        self._timeout = timeout

    def close(self) -> None:
        """Close the origin's connection."""
        origin, self._origin = self._origin, None
        if origin is not None:
            origin.worker.discard(origin)

    async def relay(
        self, receive: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Relay until either side closes; closes the origin's connection."""
        import trio

        origin = self._origin
        if origin is None:
            return
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._to_origin, origin, receive, nursery.cancel_scope)
                await self._to_client(origin, send)
                nursery.cancel_scope.cancel()
        finally:
            self.close()

    async def _to_origin(
        self,
        origin: OriginConnection,
        receive: Callable[[], Awaitable[bytes]],
        scope: trio.CancelScope,
    ) -> None:
        try:
            while piece := await receive():
                self._client.set_deadline(self._timeout, None)
                await origin.send(piece)
        except OSError:
            # A side that is gone ends the tunnel, as one that closes does.
            pass
        scope.cancel()

    async def _to_client(
        self, origin: OriginConnection, send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        piece, origin.rest = origin.rest, b""
        try:
            while True:
                if piece:
                    self._client.set_deadline(self._timeout, None)
                    await send(piece)
                piece = await sockets.recv(origin.sock, _PIECE)
                if not piece:
                    return
        except OSError:
            return
