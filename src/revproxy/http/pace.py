"""How fast a client must send: RequestReadTimeout's limits, and one of them at work.

Laws:
- A stage ends in time: `initial` seconds, and one more for every `rate` octets that have come, up
  to `maximum` in all.
- The time that a client is waited for counts, not the time that an origin takes.
"""

from __future__ import annotations

import time

from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One stage's limit, in seconds and octets a second; `initial` 0 for none."""

    initial: float = 0.0
    maximum: float = 0.0
    """0 for no upper bound."""
    rate: int = 0
    """Octets that buy a second; 0 where nothing does."""

    def first(self, otherwise: float) -> float:
        """Seconds until something must have come; at most `otherwise`."""
        return min(self.initial, otherwise) if self.initial else otherwise


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """RequestReadTimeout of a virtual host (mod_reqtimeout)."""

    handshake: Limit = NO_LIMIT
    header: Limit = NO_LIMIT
    body: Limit = NO_LIMIT


NO_LIMITS = ReadLimits()


class Pace:
    """A limit at work on one stage."""

    __slots__ = ("_limit", "_octets", "_waited", "_waits_since")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._octets = 0
        self._waited = 0.0
        self._waits_since = 0.0

    def wait(self, otherwise: float) -> float:
        """The client is waited for from now on: seconds it may take, at most `otherwise`."""
        limit = self._limit
        if not limit.initial:
            return otherwise
        self._waits_since = time.monotonic()
        allowed = limit.initial
        if limit.rate:
            allowed += self._octets / limit.rate
        if limit.maximum:
            allowed = min(allowed, limit.maximum)
        return max(0.0, min(otherwise, allowed - self._waited))

    def add(self, octets: int) -> None:
        """So many came."""
        self._octets += octets
        if self._waits_since:
            self._waited += time.monotonic() - self._waits_since
            self._waits_since = 0.0
