"""A worker: an origin as the configuration names it, with its pool (Apache's `proxy_worker`).

Laws:
- A worker is made at load and holds no socket until a child process uses it.
- Names are resolved once and kept, or for `addressttl` seconds; after a connection failed at every
  address they are looked up once more.
- Where `retry` is given, a worker without a connection is left alone for so long.
- Every address is tried in turn; what fails is an OriginError: 503 for no connection, 500 for a
  name that does not resolve.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from revproxy import sockets
from revproxy.errors import HTTPError, OriginError
from revproxy.http.uri import Url
from revproxy.lane import in_trio
from revproxy.upstream.connection import OriginConnection
from revproxy.upstream.parameters import Parameters
from revproxy.upstream.pool import Pool

if TYPE_CHECKING:
    from revproxy.upstream.route import Route

Address = tuple[int, Any]


Dialer: TypeAlias = Callable[["Worker"], Awaitable[socket.socket]]
"""What gives a connected socket in place of the network."""

_dialer: Dialer | None = None


def use_dialer(dialer: Dialer | None) -> None:
    """Connect by `dialer` from now on, for who explains without a network; None for the network."""
    global _dialer  # noqa: PLW0603 - a process has one network
    _dialer = dialer


class Worker:
    """An origin server and the connections to it."""

    __slots__ = (
        "_addresses",
        "_failed_until",
        "_pooled",
        "_resolved",
        "authority",
        "is_secure",
        "name",
        "parameters",
        "pool",
        "source",
        "unix",
        "url",
    )

    def __init__(
        self,
        url: Url,
        parameters: Parameters,
        *,
        unix: str | None = None,
        pooled: bool = True,
        source: str | None = None,
    ) -> None:
        self.url = url
        self.unix = unix
        """The path of a Unix socket that stands for host and port."""
        self.name = f"{url.scheme}://{url.authority}{url.path}"
        self.authority = url.authority
        """What the Host field of a request says where ProxyPreserveHost is off."""
        self.is_secure = url.scheme in ("https", "wss")
        """Whether the origin speaks TLS."""
        self.source = source
        self._addresses: list[Address] | None = None
        self._failed_until = 0.0
        """When it may be tried again after it failed; where `retry` is given, as in Apache."""
        self._resolved = 0.0
        self._pooled = pooled
        self.configure(parameters)

    def configure(self, parameters: Parameters) -> None:
        """Take other parameters; only before the first request."""
        self.parameters = parameters
        reuse = self._pooled and not parameters.disablereuse
        self.pool: Pool[OriginConnection] = Pool(
            maximum=parameters.max,
            keep=0 if not reuse else parameters.smax,
            ttl=parameters.ttl,
        )

    def __repr__(self) -> str:
        return f"<Worker {self.name} {self.pool!r}>"

    @property
    def reuses(self) -> bool:
        """Whether connections are kept for further requests."""
        return self.pool.keep != 0

    def idle(self, route: Route | None = None) -> OriginConnection | None:
        """A kept connection that is ours alone until `release` or `discard`, None without one."""
        pool = self.pool
        if pool.is_exhausted:
            return None
        found = pool.take(route)
        if found is not None:
            pool.in_use += 1
        return found

    async def connection(
        self, timeout: float, route: Route | None = None, patience: float = 60.0
    ) -> OriginConnection:
        """A connection that is ours alone until `release` or `discard`.

        `timeout` bounds each attempt to connect, `patience` the handshake that `route` asks for.
        Raises OriginError, and HTTPError 500 where an origin needs TLS and there is no `route`.
        """
        pool = self.pool
        if pool.is_exhausted and not await in_trio(pool.wait, self.parameters.acquire):
            raise OriginError(503, f"no connection to {self.name} within the acquire time")
        pool.in_use += 1
        idle = pool.take(route)
        if idle is not None:
            return idle
        try:
            if self._failed_until > time.monotonic():
                raise OriginError(503, f"disabled connection for {self.name}: it is in error")
            if _dialer is not None:
                return await self._dialled(_dialer, route)
            return await in_trio(self._secured, timeout, route, patience)
        except BaseException:
            self.pool.leave()
            raise

    def release(self, connection: OriginConnection) -> None:
        """Give back a connection whose last response was read to its end."""
        self.pool.give(connection)

    def discard(self, connection: OriginConnection) -> None:
        """Close a connection that cannot serve another request."""
        connection.close()
        self.pool.leave()

    async def _secured(
        self, timeout: float, route: Route | None, patience: float
    ) -> OriginConnection:
        connection = await self._open(timeout)
        connection.route = route
        if route is not None and route.announcement:
            await self._announce(connection, route.announcement)
        if not self.is_secure:
            return connection
        if route is None or route.tls is None:
            connection.close()
            raise self._without_tls()
        from revproxy.upstream.tls import secure

        return OriginConnection(self, await secure(connection.sock, route, patience), route)

    async def _dialled(self, dialer: Dialer, route: Route | None) -> OriginConnection:
        """A connection without a network, where TLS is taken as done."""
        connection = OriginConnection(self, await dialer(self), route)
        if self.is_secure and (route is None or route.tls is None):
            connection.close()
            raise self._without_tls()
        return connection

    def _without_tls(self) -> HTTPError:
        return HTTPError(500, f"{self.name} needs TLS, and SSLProxyEngine is not on")

    async def _announce(self, connection: OriginConnection, header: bytes) -> None:
        """Begin a connection with the PROXY protocol. Raises OriginError 503."""
        try:
            await connection.send(header)
        except OSError:
            connection.close()
            raise OriginError(503, f"no connection to {self.name}") from None

    async def _open(self, timeout: float) -> OriginConnection:
        if self.unix is not None:
            return await self._try([(socket.AF_UNIX, self.unix)], timeout)
        ttl = self.parameters.addressttl
        is_old = ttl is not None and 0 <= ttl < time.monotonic() - self._resolved
        if self._addresses is None or is_old:
            self._addresses = await self._resolve()
        try:
            return await self._try(self._addresses, timeout)
        except OriginError:
            fresh = await self._resolve()
            if fresh == self._addresses:
                raise
            self._addresses = fresh
            return await self._try(fresh, timeout)

    async def _resolve(self) -> list[Address]:
        import trio

        host = self.url.host.strip("[]")
        try:
            found = await trio.socket.getaddrinfo(
                host, self.url.effective_port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise OriginError(
                500, f"DNS lookup failure for: {self.url.host}", reason="Proxy Error"
            ) from None
        self._resolved = time.monotonic()
        return [(int(family), address) for family, _, _, _, address in found]

    async def _try(self, addresses: list[Address], timeout: float) -> OriginConnection:
        import trio

        for family, address in addresses:
            with trio.move_on_after(timeout):
                try:
                    sock = await sockets.connect(
                        family,
                        address,
                        source=self.source,
                        receive_buffer=self.parameters.receivebuffersize,
                        keepalive=self.parameters.keepalive,
                    )
                except OSError:
                    continue
                return OriginConnection(self, sock)
        if "retry" in self.parameters.given:
            self._failed_until = time.monotonic() + self.parameters.retry
        raise OriginError(503, f"no connection to {self.name}")
