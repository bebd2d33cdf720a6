"""A server in the test's own trio loop: a configuration, clients and origins on real sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from revproxy import logs
from revproxy.lane import Lane, install
from revproxy.plan.load import load_text
from revproxy.server.connection import ClientConnection
from revproxy.server.watchdog import Watchdog

Client = trio.SocketStream


class Served:
    """What a test may do with the running server."""

    def __init__(self, text: str, watchdog: Watchdog, lane: Lane) -> None:
        self.plan = load_text(text, server_root="/nonexistent").plan()
        self.watchdog = watchdog
        self.lane = lane

    def connect(self) -> Client:
        """A client's end of a new connection."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        names = self.plan.names_at("127.0.0.1", 80)
        connection = ClientConnection(
            ours, ("127.0.0.1", 4711), ("127.0.0.1", 80), names, self.watchdog, self.lane
        )
        self.watchdog.watched.add(connection)
        connection.task = self.lane.start(connection.serve())
        return trio.SocketStream(trio.socket.from_stdlib_socket(theirs))

    async def ask(self, data: bytes) -> bytes:
        """Send octets on a new connection, and all that comes back until it closes."""
        async with self.connect() as client:
            await client.send_all(data)
            await client.send_eof()
            return b"".join([piece async for piece in client])


@asynccontextmanager
async def served(text: str, *, resolution: float = 1.0) -> AsyncIterator[Served]:
    """Serve a configuration for the length of a block."""
    former = logs.swap(logs.Logs())
    watchdog = Watchdog(resolution)
    try:
        async with trio.open_nursery() as nursery:
            lane = Lane(nursery)
            install(lane)
            watchdog.look()
            nursery.start_soon(watchdog.run)
            nursery.start_soon(lane.run)
            server = Served(text, watchdog, lane)
            yield server
            watchdog.stop(hard=True)
            await watchdog.stopped()
            server.plan.close()
            nursery.cancel_scope.cancel()
    finally:
        install(None)
        logs.swap(former)


@asynccontextmanager
async def origin(handler: Callable[[Client], Awaitable[Any]]) -> AsyncIterator[int]:
    """An origin on loopback that runs `handler` on each connection; its port."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port: int = listeners[0].socket.getsockname()[1]

        async def serve(stream: Client) -> None:
            async with stream:
                try:
                    await handler(stream)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return

        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield port
        nursery.cancel_scope.cancel()


async def read_head(stream: Client, data: bytes = b"") -> tuple[bytes, bytes]:
    """A head with its empty line, and what came after it; both empty at the end."""
    while b"\r\n\r\n" not in data:
        piece = await stream.receive_some()
        if not piece:
            return b"", data
        data += bytes(piece)
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


async def read_exactly(stream: Client, count: int, data: bytes = b"") -> bytes:
    """The next `count` octets."""
    while len(data) < count:
        piece = await stream.receive_some()
        assert piece, f"closed after {data!r}"
        data += bytes(piece)
    return data
