"""The nonces that are out, and how often each was used: for all child processes at once.

Laws:
- Shared memory of a fixed size, made before the children are, and a lock that the kernel lets go
  where a process dies with it.
- Just a nonce that stands here can be used. One that lost its place to another is as good as used:
  whoever has it is given a new one, and nobody can replay it.
- A count is used once, and counts rise.
"""

from __future__ import annotations

import enum
import fcntl
import hashlib
import mmap
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SLOTS: Final = 1 << 15
_PROBES: Final = 4
_SECRET: Final = secrets.token_bytes(16)
USED_UP: Final = (1 << 64) - 1


class Use(enum.Enum):
    """What came of using a nonce."""

    GOOD = "good"
    UNKNOWN = "no longer known"
    REPLAYED = "used before"


class Ledger:
    """The nonces in use."""

    def __init__(self, slots: int = _SLOTS) -> None:
        if slots & (slots - 1):
            raise ValueError("the number of slots must be a power of two")
        self._mask = slots - 1
        self._fd = os.memfd_create("nonces")
        os.ftruncate(self._fd, slots * 24)
        memory = memoryview(mmap.mmap(self._fd, slots * 24))
        self._keys = memory[: slots * 8].cast("Q")
        self._counts = memory[slots * 8 : slots * 16].cast("Q")
        self._times = memory[slots * 16 :].cast("Q")

    def enter(self, nonce: str, now: int) -> None:
        """A nonce was made (at `now`); it takes the place of the oldest of its neighbours."""
        key = _key(nonce)
        with self._locked():
            slot = min(self._slots(key), key=self._times.__getitem__)
            self._keys[slot], self._counts[slot], self._times[slot] = key, 0, now

    def use(self, nonce: str, count: int, *, once: bool) -> Use:
        """Use a nonce with this count, or for the only time."""
        key = _key(nonce)
        with self._locked():
            for slot in self._slots(key):
                if self._keys[slot] == key:
                    if not 0 < count < USED_UP or self._counts[slot] >= count:
                        return Use.REPLAYED
                    self._counts[slot] = USED_UP if once else count
                    return Use.GOOD
        return Use.UNKNOWN

    def _slots(self, key: int) -> list[int]:
        return [(key + probe) & self._mask for probe in range(_PROBES)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN)


def _key(nonce: str) -> int:
    digest = hashlib.blake2b(nonce.encode("latin-1"), digest_size=8, key=_SECRET).digest()
    return int.from_bytes(digest, "little") | 1


LEDGER: Final = Ledger()
