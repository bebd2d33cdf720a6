"""A pool of idle connections to one origin, one for each child process.

Laws:
- Last in, first out, O(1): the freshest connection is the likeliest to be alive, and surplus ones
  grow old at the bottom, where `ttl` and `smax` take them.
- An idle connection that is readable is dead (closed, or it spoke out of turn) and never used.
- A connection serves requests of its own route alone (`Poolable.route`): TLS settings and server
  name. Of other routes a few idle connections are kept, so that no client fills the pool by names.
- With `max`, at most so many connections are in use; further requests wait their turn.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    import trio


class Poolable(Protocol):
    """What a pool keeps."""

    idle_since: float
    route: Any
    is_alive: Callable[[], bool]

    def close(self) -> None: ...


C = TypeVar("C", bound=Poolable)
_OTHERS_KEPT: Final = 16
"""Idle connections that are kept though a request had to open one because of their routes."""


class Pool(Generic[C]):
    """Idle connections and the count of those in use."""

    __slots__ = ("_idle", "_waiting", "in_use", "keep", "maximum", "ttl")

    def __init__(self, maximum: int | None, keep: int | None, ttl: float | None) -> None:
        self.maximum = maximum
        """Connections in use at once; None for no limit."""
        self.keep = maximum if keep is None else keep
        """Idle connections that are kept (`smax`); None for no limit, 0 for no reuse."""
        self.ttl = ttl
        """Seconds after which an idle connection is not used again, and soon closed."""
        self.in_use = 0
        self._idle: deque[C] = deque()
        self._waiting: deque[trio.Event] = deque()

    def __repr__(self) -> str:
        return f"<Pool {self.in_use} in use, {len(self._idle)} idle>"

    @property
    def is_exhausted(self) -> bool:
        """All connections that `max` allows are in use."""
        return self.maximum is not None and self.in_use >= self.maximum

    async def wait(self, limit: float | None) -> bool:
        """Wait until a connection may be used; False after `limit` seconds."""
        import trio

        with trio.move_on_after(float("inf") if limit is None else limit):
            while self.is_exhausted:
                event = trio.Event()
                self._waiting.append(event)
                try:
                    await event.wait()
                finally:
                    if not event.is_set():
                        self._waiting.remove(event)
            return True
        return False

    def take(self, route: Any = None) -> C | None:
        """An idle connection of the route that is alive, None where there is none."""
        while self._idle:
            if self._idle[-1].route != route and not self._bring_up(route):
                return None
            connection = self._idle.pop()
            if connection.is_alive() and (self.ttl is None or self._is_fresh(connection)):
                return connection
            connection.close()
        return None

    def _bring_up(self, route: Any) -> bool:
        """Put the freshest connection of a route on top; False where there is none."""
        for index in range(len(self._idle) - 1, -1, -1):
            connection = self._idle[index]
            if connection.route == route:
                del self._idle[index]
                self._idle.append(connection)
                return True
        while len(self._idle) >= _OTHERS_KEPT:
            self._idle.popleft().close()
        return False

    def give(self, connection: C) -> None:
        """Take back a connection in use."""
        if self.keep == 0:
            connection.close()
        else:
            self._idle.append(connection)
            if self.ttl is not None:
                connection.idle_since = time.monotonic()
                self._drop_old()
            elif self.keep is not None and len(self._idle) > self.keep:
                self._idle.popleft().close()
        self.leave()

    def _drop_old(self) -> None:
        """Close what is too old to be used again: it lies at the bottom."""
        while self._idle and not self._is_fresh(self._idle[0]):
            self._idle.popleft().close()

    def leave(self) -> None:
        """One connection less is in use."""
        self.in_use -= 1
        if self._waiting and not self.is_exhausted:
            self._waiting.popleft().set()

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    def _is_fresh(self, connection: C) -> bool:
        return self.ttl is None or time.monotonic() - connection.idle_since < self.ttl
