"""What a client sends: octets as they come, and the heads of requests in them.

Laws:
- What was received and not used is kept in `_rest`, and is the beginning of what follows.
- A head comes within RequestReadTimeout's limit and Timeout, or its connection ends.
- What can be no request is told as soon as it can be seen, however much is still to come.
- While more of a head is waited for, `_rest` holds what has come of it.
"""

from __future__ import annotations

import ssl
from socket import socket
from typing import Final

from revproxy import sockets
from revproxy.errors import HTTPError
from revproxy.http.message import Tls
from revproxy.http.pace import Pace
from revproxy.http.request_head import check_incomplete, is_old_line
from revproxy.plan.match import NameTable
from revproxy.plan.plan import VirtualHost
from revproxy.server.watchdog import Watchdog

READ_SIZE: Final = 32 * 1024
SLOW_HEAD: Final = HTTPError(408, close=True)


class NoRequestError(Exception):
    """What came can be no request; `error` says why, `data` is what came."""

    def __init__(self, data: bytes, error: HTTPError) -> None:
        super().__init__(str(error))
        self.data = data
        self.error = error


class Incoming:
    """The receiving side of a connection, with the deadline that is in force."""

    __slots__ = (
        "_names",
        "_rest",
        "_sock",
        "_watchdog",
        "deadline",
        "is_tls",
        "on_timeout",
        "requests",
        "tls",
    )

    def __init__(self, sock: socket, names: NameTable[VirtualHost], watchdog: Watchdog) -> None:
        self._sock = sock
        self._names = names
        self._watchdog = watchdog
        self._rest = b""
        self.is_tls = isinstance(sock, ssl.SSLSocket)
        self.tls: Tls | None = None
        self.requests = 0
        """The number of the request that is served, from 1."""
        self.deadline = 0.0
        self.on_timeout: HTTPError | None = None

    def set_deadline(self, seconds: float, on_timeout: HTTPError | None) -> None:
        self.deadline = self._watchdog.reckoning + seconds
        self.on_timeout = on_timeout

    async def receive(self) -> bytes:
        """The next octets from the client; b"" at the end. For bodies and tunnels."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        return await sockets.recv(self._sock, 2 * READ_SIZE)

    async def receive_into(self, buffer: memoryview) -> int:
        """As `receive`, into a buffer, where nothing was received and left."""
        return await sockets.recv_into(self._sock, buffer)

    def has_rest(self) -> bool:
        """Whether octets were received and not used."""
        return bool(self._rest)

    def at_hand(self) -> bytes:
        """What was received and not used; to be given back with `give_back`."""
        data, self._rest = self._rest, b""
        return data

    def give_back(self, data: bytes) -> None:
        """Octets that belong to what follows."""
        self._rest = data

    async def _read_head(self) -> bytes | None:
        """The next request head without its empty line; None when the client has closed."""
        data, self._rest = self._rest, b""
        default = self._names.default
        if not data:
            if self.requests and self._watchdog.is_stopping:
                # Whoever has sent nothing by now is not waiting for anything.
                self.set_deadline(min(default.keep_alive_timeout, 1.0), None)
                data = await sockets.recv_later(self._sock, READ_SIZE)
            elif self.requests:
                self.deadline = self._watchdog.reckoning + default.keep_alive_timeout
                self.on_timeout = None
                # Whoever has just been answered has not asked again yet.
                data = await sockets.recv_later(self._sock, READ_SIZE)
            else:
                self.set_deadline(default.read_limits.header.first(default.timeout), None)
                data = await sockets.recv(self._sock, READ_SIZE)
            if not data:
                return None
        end = data.find(b"\r\n\r\n")
        if data[:2] == b"\r\n":
            data, end = await self._skip_blank_lines(data)
        if end < 0:
            data, end = await self._rest_of_head(data)
            if end < 0:
                return None
        self._rest = data[end + 4 :]
        return data[:end]

    async def _skip_blank_lines(self, data: bytes) -> tuple[bytes, int]:
        """Ten empty lines before a request are ignored (RFC 9112, section 2.2)."""
        default = self._names.default
        self.set_deadline(default.read_limits.header.first(default.timeout), SLOW_HEAD)
        for _ in range(10):
            if data == b"\r\n":
                data = b""
            while len(data) < 2:
                self._rest = data
                more = await sockets.recv(self._sock, READ_SIZE)
                if not more:
                    return b"", -1
                data += more
            if data[:2] != b"\r\n":
                break
            data = data[2:]
        return data, data.find(b"\r\n\r\n")

    async def _rest_of_head(self, data: bytes) -> tuple[bytes, int]:
        default = self._names.default
        limits, pace = default.limits, Pace(default.read_limits.header)
        pace.add(len(data))
        scanned = 0
        self.set_deadline(default.timeout, SLOW_HEAD)
        while True:
            if data:
                try:
                    check_incomplete(data, scanned, limits)
                except HTTPError as error:
                    raise NoRequestError(data, error) from None
                if b"\r\n" in data and is_old_line(data):
                    return data.partition(b"\r\n")[0] + b"\r\n\r\n", data.find(b"\r\n")
            scanned = len(data)
            if default.read_limits.header.initial:
                self.set_deadline(pace.wait(default.timeout), SLOW_HEAD)
            self._rest = data
            piece = await sockets.recv(self._sock, READ_SIZE)
            pace.add(len(piece))
            if not piece:
                self._rest = b""
                if b"\n" in data.lstrip(b"\r\n"):
                    raise NoRequestError(data, HTTPError(400, close=True))
                return b"", -1
            data += piece
            end = data.find(b"\r\n\r\n", max(0, scanned - 3))
            if end >= 0:
                return data, end
