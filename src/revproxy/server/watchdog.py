"""The watchdog: one task a child process that looks at every connection's deadline.

Laws:
- Deadlines are counted from the next look, which the last one knew: setting one costs an
  addition, no call, and none passes before its time.
- It looks once a second, oftener while a shorter timeout is configured.
- Interrupting is all it does; what a timeout means is the connection's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import trio


_IDLE_END: Final = 1.0
"""Seconds that a client which is asking at this moment has to be heard, when all winds up."""


class Watched(Protocol):
    """What has a deadline (seconds of `trio.current_time`) and can be interrupted."""

    deadline: float

    @property
    def is_idle(self) -> bool:
        """Nobody waits for an answer on it."""
        ...

    def interrupt(self) -> None:
        """The deadline has passed."""
        ...


class Watchdog:
    """The deadlines of a child process, and whether it is to stop."""

    def __init__(self, resolution: float = 1.0) -> None:
        self.resolution = resolution
        self.reckoning = 0.0
        """Where deadlines are counted from, in seconds of `trio.current_time`."""
        self.watched: set[Watched] = set()
        self.is_stopping = False
        """No further request on a connection: the process winds up."""
        self.is_stopping_hard = False
        """Every exchange ends now."""
        self._emptied: trio.Event | None = None
        self.on_leave: Callable[[Watched], None] | None = None
        """Told of each connection that has ended."""

    async def run(self) -> None:
        """Look for ever."""
        import trio

        while True:
            self.look()
            await trio.sleep(self.resolution)

    def look(self) -> None:
        """Interrupt what is overdue."""
        import trio

        now = trio.current_time()
        self.reckoning = now + self.resolution
        overdue = [item for item in self.watched if item.deadline < now]
        for item in overdue:
            item.deadline = now + self.resolution
            item.interrupt()

    def forget(self, item: Watched) -> None:
        """A connection has ended."""
        self.watched.discard(item)
        if self.on_leave is not None:
            self.on_leave(item)
        self._tell_emptied()

    def stop(self, *, hard: bool = False) -> None:
        """Wind up: idle connections go within a second, busy ones after their response."""
        self.is_stopping = True
        for item in self.watched:
            if item.is_idle:
                item.deadline = min(item.deadline, self.reckoning + _IDLE_END)
        if hard:
            self.is_stopping_hard = True
            for item in list(self.watched):
                item.interrupt()
        self._tell_emptied()

    async def stopped(self) -> None:
        """Wait until it is stopping and nothing is left."""
        import trio

        self._emptied = trio.Event()
        self._tell_emptied()
        await self._emptied.wait()

    def _tell_emptied(self) -> None:
        if self._emptied is not None and self.is_stopping and not self.watched:
            self._emptied.set()
