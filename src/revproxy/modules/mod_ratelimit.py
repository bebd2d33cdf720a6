"""mod_ratelimit: RATE_LIMIT, by the variables `rate-limit` and `rate-initial-burst`.

Laws:
- Both are in KiB (a second, and altogether), read as C's `atoi` reads; 0 and less is no limit.
- The length of the body stays known; what is paced is what goes to the client, compressed or not.
"""

from __future__ import annotations

import re

from revproxy.filters import Pace
from revproxy.http.message import Exchange
from revproxy.module import FilterMaker, Module, Server
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """There are no directives."""


def _kibibytes(exchange: Exchange, name: str) -> int:
    match = re.match(r"\s*\+?(\d+)", exchange.env.get(name, ""))
    return int(match[1]) * 1024 if match is not None else 0


class RateLimit(Pace):
    """Paces one response."""

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        self.speed = _kibibytes(exchange, "rate-limit")
        self.burst = _kibibytes(exchange, "rate-initial-burst")
        return False


def _rate_limit(_settings: Settings, _server: Server) -> FilterMaker:
    return lambda _exchange: RateLimit()


MODULE = Module(name="mod_ratelimit", settings=Settings, filters={"rate_limit": _rate_limit})
