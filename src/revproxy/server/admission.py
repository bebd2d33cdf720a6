"""How many connections a child process holds, and how many an address may have.

Laws:
- At its limit a child accepts no more: whoever comes waits in the listening socket for the others.
- Kept-alive connections on which nobody asks make room first, as in Apache's event MPM.
- One connection too many of an address, over all children, is closed at once, before anything is
  read.
- The limit never exceeds what the process's descriptors allow, with one more for each origin.
"""

from __future__ import annotations

import math
import os
import resource
import time
from typing import Final

import trio

from revproxy.plan.plan import Plan
from revproxy.server.addresses import AddressCounts
from revproxy.server.connection import ClientConnection
from revproxy.server.watchdog import Watchdog

_RESERVED: Final = 64
"""Descriptors for logs, listeners and files."""
_TOLD_EVERY: Final = 60.0
_LOOK_EVERY: Final = 0.05
"""Seconds after which connections are looked at again: those in use become idle unheard."""


class Admission:
    """The connections of one child."""

    def __init__(self, plan: Plan, watchdog: Watchdog, counts: AddressCounts) -> None:
        self._plan = plan
        self._watchdog = watchdog
        self._maximum = _maximum(plan)
        self._per_address = plan.connections_per_address
        self._counts = counts
        self._room = trio.Event()
        self._told = 0.0
        watchdog.on_leave = self._left

    @property
    def is_full(self) -> bool:
        """No further connection may be held."""
        return len(self._watchdog.watched) >= self._maximum

    async def make_room(self) -> None:
        """Wait until another connection may be held; runs in trio."""
        self._tell()
        while self.is_full:
            for item in list(self._watchdog.watched):
                if isinstance(item, ClientConnection) and item.is_idle:
                    item.interrupt()
            if self._room.is_set():
                self._room = trio.Event()
            with trio.move_on_after(_LOOK_EVERY):
                await self._room.wait()

    def enter(self, address: str) -> bool:
        """Count a connection; False where its address has too many."""
        return not self._per_address or self._counts.enter(address, self._per_address)

    def _left(self, connection: object) -> None:
        self._room.set()
        if self._per_address and isinstance(connection, ClientConnection):
            self._counts.leave(connection.client_address)

    def _tell(self) -> None:
        log, now = self._plan.main.error_log, time.monotonic()
        if log is not None and now - self._told > _TOLD_EVERY:
            self._told = now
            text = f"a child holds {self._maximum} connections; no more until one ends"
            log.log("warn", "mpm_trio", f"{text}, consider raising MaxRequestWorkers")


def _maximum(plan: Plan) -> int:
    """A child's share of what the plan allows, within its descriptors."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    allowed = max(16, (descriptors - _RESERVED) // 2)
    if not plan.connections:
        return allowed
    children = plan.processes or len(os.sched_getaffinity(0))
    return min(math.ceil(plan.connections / children), allowed)
