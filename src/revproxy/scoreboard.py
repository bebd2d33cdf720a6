"""What all child processes have done and are doing: Apache's scoreboard.

Laws:
- Shared memory of a fixed size, made before the children are: a row for each child, which alone
  writes there; no lock is taken.
- Requests, octets and time add up over all children a row has had, so that totals never fall.
- What a child is doing is as it was at its last look, a second ago at most.
"""

from __future__ import annotations

import mmap
import os
import time
from typing import Final

from revproxy.records import dataclass

ROWS: Final = 256
DEFAULT_WORKERS: Final = 400
"""Apache's default of MaxRequestWorkers."""

_CELLS: Final = 7
_PID, _REQUESTS, _OCTETS, _MICROSECONDS, _BUSY, _KEPT, _STOPS = range(_CELLS)


@dataclass(frozen=True, slots=True)
class Child:
    """A row in use; `busy` connections have a request, `kept` ones are kept alive."""

    slot: int
    pid: int
    busy: int
    kept: int
    stops: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """What was served since the start."""

    requests: int
    octets: int
    microseconds: int


class Scoreboard:
    """The rows of all children."""

    def __init__(self) -> None:
        self._cells = memoryview(mmap.mmap(-1, ROWS * _CELLS * 8)).cast("Q")
        self.started = time.time()
        self.configured = self.started
        """When the configuration in force was read, in seconds."""
        self.generation = 0
        """How often the configuration was read anew."""
        self.workers = DEFAULT_WORKERS
        """Connections that all children together may hold (MaxRequestWorkers)."""
        self._row: int | None = None

    def sit(self, row: int | None) -> None:
        """This process is the child of a row; None for one without."""
        self._row = None if row is None else row * _CELLS
        if self._row is not None:
            for cell in (_BUSY, _KEPT, _STOPS):
                self._cells[self._row + cell] = 0
            self._cells[self._row + _PID] = os.getpid()

    def leave(self, row: int) -> None:
        """The child of a row has ended."""
        self._cells[row * _CELLS + _PID] = 0

    def count(self, octets: int, microseconds: int) -> None:
        """One request more was answered by this child."""
        row = self._row
        if row is not None:
            cells = self._cells
            cells[row + _REQUESTS] += 1
            cells[row + _OCTETS] += octets
            cells[row + _MICROSECONDS] += microseconds

    def tell(self, busy: int, kept: int, *, stops: bool) -> None:
        """What this child is doing."""
        if self._row is not None:
            for cell, value in ((_BUSY, busy), (_KEPT, kept), (_STOPS, int(stops))):
                self._cells[self._row + cell] = value

    def children(self) -> list[Child]:
        """Those that run."""
        found = []
        for slot in range(ROWS):
            row = self._cells[slot * _CELLS : (slot + 1) * _CELLS]
            if row[_PID]:
                found.append(Child(slot, row[_PID], row[_BUSY], row[_KEPT], bool(row[_STOPS])))
        return found

    def totals(self) -> Totals:
        """Sums of all rows."""
        cells = self._cells
        sums = (sum(cells[cell::_CELLS]) for cell in (_REQUESTS, _OCTETS, _MICROSECONDS))
        return Totals(*sums)


_current: Scoreboard | None = None


def install(board: Scoreboard | None) -> None:
    """Put the scoreboard of this process in force."""
    global _current  # noqa: PLW0603 - a process has one supervisor
    _current = board


def current() -> Scoreboard | None:
    """The one in force; None where nobody serves."""
    return _current
