"""The watchdog: one task a child process that looks at every connection's deadline.

Laws:
- `now` is the loop's time of the last look: setting a deadline costs an addition, no call.
- It looks once a second, oftener while a shorter timeout is configured.
- Cancelling is all it does; what a timeout means is the connection's business.
"""

from __future__ import annotations

from typing import Protocol

import trio


class Watched(Protocol):
    """What has a deadline (seconds of `trio.current_time`) and a scope to cancel."""

    deadline: float
    scope: trio.CancelScope


class Watchdog:
    """The deadlines of a child process, and whether it is to stop."""

    def __init__(self, resolution: float = 1.0) -> None:
        self.resolution = resolution
        self.now = 0.0
        self.watched: set[Watched] = set()
        self.is_stopping = False
        """No further request on a connection: the process winds up."""
        self.is_stopping_hard = False
        """Every exchange ends now."""
        self.idle = trio.Event()
        """Set when stopping and nothing is left."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await trio.sleep(self.resolution)

    def look(self) -> None:
        """Cancel what is overdue."""
        now = self.now = trio.current_time()
        for item in self.watched:
            if item.deadline < now:
                item.scope.cancel()

    def forget(self, item: Watched) -> None:
        """A connection has ended."""
        self.watched.discard(item)
        if self.is_stopping and not self.watched:
            self.idle.set()

    def stop(self, *, hard: bool = False) -> None:
        """Wind up: idle connections go within a second, busy ones after their response."""
        self.is_stopping = True
        if hard:
            self.is_stopping_hard = True
            for item in self.watched:
                item.scope.cancel()
        if not self.watched:
            self.idle.set()
