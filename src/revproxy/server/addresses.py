"""How many connections each address holds, over all child processes.

Laws:
- Shared memory of a fixed size, made before the children are: a row for each child, which alone
  writes there. No lock is taken; children that count at once may let one connection each too many
  through.
- The row of a child that has ended counts no more, whatever it held.
- A row without room for one more address does not count it: nobody is refused for another's.
"""

from __future__ import annotations

import hashlib
import mmap
import secrets
from collections import Counter
from typing import Final

from revproxy.http.rates import counted_as

_ROWS: Final = 256
_SLOTS: Final = 1 << 14
_PROBES: Final = 4
_SECRET: Final = secrets.token_bytes(16)


class AddressTable:
    """The rows of all children."""

    def __init__(self, rows: int = _ROWS, slots: int = _SLOTS) -> None:
        if slots & (slots - 1):
            raise ValueError("the number of slots must be a power of two")
        self.rows = rows
        self.slots = slots
        cells = rows * slots
        memory = memoryview(mmap.mmap(-1, cells * 12 + rows))
        self.keys = memory[: cells * 8].cast("Q")
        self.counts = memory[cells * 8 : cells * 12].cast("I")
        self.used = memory[cells * 12 :]

    def take(self) -> int | None:
        """A free row, empty; None where there is none."""
        number = bytes(self.used).find(0)
        if number < 0:
            return None
        start = number * self.slots
        for slot in range(start, start + self.slots):
            if self.counts[slot]:
                self.counts[slot] = 0
        self.used[number] = 1
        return number

    def give_back(self, number: int) -> None:
        """The child of a row has ended."""
        self.used[number] = 0

    def total(self, key: int) -> int:
        """The connections that a key has in all rows in use."""
        total, number, used = 0, -1, bytes(self.used)
        while (number := used.find(1, number + 1)) >= 0:
            slot = self.find(number, key)
            if slot is not None:
                total += self.counts[slot]
        return total

    def find(self, row: int, key: int) -> int | None:
        """The cell of a key in a row, None where it is not counted there."""
        for slot in self._cells(row, key):
            if self.keys[slot] == key and self.counts[slot]:
                return slot
        return None

    def put(self, row: int, key: int, count: int) -> None:
        """Say how many connections a key has in a row, where there is room to."""
        slot = self.find(row, key)
        if slot is None:
            slot = next((cell for cell in self._cells(row, key) if not self.counts[cell]), None)
        if slot is not None:
            self.keys[slot] = key
            self.counts[slot] = count

    def _cells(self, row: int, key: int) -> list[int]:
        start, mask = row * self.slots, self.slots - 1
        return [start + ((key + probe) & mask) for probe in range(_PROBES)]


class AddressCounts:
    """The counts of one child, with those of the others where it has a row among them."""

    def __init__(self, table: AddressTable | None = None, row: int | None = None) -> None:
        self._table = table
        self._row = row
        self._own: Counter[int] = Counter()

    def enter(self, address: str, limit: int) -> bool:
        """Count a connection; False where its address has `limit` of them already."""
        key = key_of(address)
        table = self._table
        total = self._own[key]
        if table is not None and self._row is not None:
            total = max(total, table.total(key))
        if total >= limit:
            if not self._own[key]:
                del self._own[key]
            return False
        self._set(key, self._own[key] + 1)
        return True

    def leave(self, address: str) -> None:
        """A counted connection has ended."""
        key = key_of(address)
        self._set(key, self._own[key] - 1)

    def _set(self, key: int, count: int) -> None:
        if self._table is not None and self._row is not None:
            self._table.put(self._row, key, max(0, count))
        if count > 0:
            self._own[key] = count
        else:
            del self._own[key]


def key_of(address: str) -> int:
    """A number for an address, the same in all children of a server and no other."""
    text = counted_as(address).encode("latin-1")
    digest = hashlib.blake2b(text, digest_size=8, key=_SECRET).digest()
    return int.from_bytes(digest, "little")
