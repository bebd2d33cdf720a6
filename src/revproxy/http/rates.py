"""How often somebody may ask: a rate with a burst, kept for all child processes at once.

Laws:
- The generic cell rate algorithm: one time for each key says when its next request would be on
  time; a request that comes too early by no more than the burst is admitted.
- The table is shared memory of a fixed size, made before the children are: no lock is taken, and
  two children that write at once may let one request too many through.
- A key that finds no room takes that of one who has been quiet for longest: a full table lets
  requests through, it never refuses somebody for another's.
"""

from __future__ import annotations

import hashlib
import ipaddress
import mmap
import secrets
from typing import Final

from revproxy.records import dataclass

_PROBES: Final = 4
_SLOTS: Final = 1 << 16
_SECRET: Final = secrets.token_bytes(16)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, `burst` more at once."""

    per_second: float
    burst: int = 0


def counted_as(address: str) -> str:
    """What an address is counted as: of IPv6 its network of 64 bits, which one client has."""
    if ":" not in address:
        return address
    parsed = ipaddress.IPv6Address(address.partition("%")[0])
    return str(parsed.ipv4_mapped or f"{int(parsed) >> 64:x}::/64")


class RateTable:
    """Who asked when, by key."""

    __slots__ = ("_interval", "_keys", "_mask", "_times", "_tolerance")

    def __init__(self, rate: Rate, slots: int = _SLOTS) -> None:
        if slots & (slots - 1):
            raise ValueError("the number of slots must be a power of two")
        self._mask = slots - 1
        self._interval = 1.0 / rate.per_second
        self._tolerance = rate.burst * self._interval
        memory = memoryview(mmap.mmap(-1, slots * 16))
        self._keys = memory[: slots * 8].cast("Q")
        self._times = memory[slots * 8 :].cast("d")

    def admit(self, key: str, now: float) -> float:
        """0.0 where a request may pass at `now` (seconds), else the seconds until it may."""
        slot = self._slot(key, now)
        due = max(self._times[slot], now)
        early = due - now
        if early > self._tolerance + 1e-9:
            return early - self._tolerance
        self._times[slot] = due + self._interval
        return 0.0

    def _slot(self, key: str, now: float) -> int:
        """The slot of a key, taken from the quietest of its neighbours where it has none."""
        digest = hashlib.blake2b(key.encode("latin-1"), digest_size=8, key=_SECRET).digest()
        number = int.from_bytes(digest, "little") | 1
        keys, times = self._keys, self._times
        candidates = [(number + probe) & self._mask for probe in range(_PROBES)]
        for slot in candidates:
            if keys[slot] == number:
                return slot
        slot = min(candidates, key=lambda index: times[index])
        keys[slot] = number
        times[slot] = now
        return slot
