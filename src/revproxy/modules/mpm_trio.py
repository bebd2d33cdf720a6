"""mpm_trio: revproxy's own directives, written in `<IfModule mpm_trio_module>`.

Apache skips that section, so a file that uses them stays valid for both.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.http.rates import Rate, RateTable, counted_as
from revproxy.module import Hook, Module, Scope, Server, Unset, number, setting
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`processes`: child processes, 0 for one a core. `rate`: requests of one address."""

    processes: int | Unset = setting()
    connections_per_address: int | Unset = setting()
    rate: Rate | Unset = setting()


def _parse_processes(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word == "auto":
        return dataclasses.replace(settings, processes=0)
    if not (word.isascii() and word.isdigit()) or not 1 <= int(word) <= 1024:
        raise DirectiveError("Processes must be 'auto' or a number from 1 to 1024", argument=0)
    return dataclasses.replace(settings, processes=int(word))


def _parse_rate(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """`RequestRate off`, or `requests[/s|/m|/h] [burst]`."""
    word, *rest = directive.values
    if word.lower() == "off":
        return dataclasses.replace(settings, rate=Rate(0.0))
    match = _RATE(word)
    if match is None or float(match["count"]) <= 0:
        raise DirectiveError("RequestRate takes requests a second, as in 20/s", argument=0)
    per_second = float(match["count"]) / _SECONDS[match["unit"] or "s"]
    if rest and not (rest[0].isascii() and rest[0].isdigit()):
        raise DirectiveError("the burst of RequestRate is a whole number", argument=1)
    burst = int(rest[0]) if rest else max(1, round(per_second))
    return dataclasses.replace(settings, rate=Rate(per_second, burst))


_RATE: Final = re.compile(r"(?P<count>\d{1,9}(?:\.\d{1,9})?)(?:/(?P<unit>[smh]))?").fullmatch
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def _post_read(settings: Settings, _server: Server) -> Hook | None:
    """Refuse a client that asks too often: 429 (RFC 6585), with the time to wait."""
    rate = settings.rate
    if isinstance(rate, Unset) or not rate.per_second:
        return None
    table = RateTable(rate)

    def limit(exchange: Exchange) -> None:
        wait = table.admit(counted_as(exchange.client_address), time.monotonic())
        if wait:
            exchange.err.set("Retry-After", str(math.ceil(wait)))
            raise HTTPError(429, "RequestRate is exceeded by the client's address")

    return limit


MODULE = Module(
    name="mpm_trio",
    settings=Settings,
    directives={
        "processes": _parse_processes,
        "connectionsperaddress": number("connections_per_address"),
        "requestrate": _parse_rate,
    },
    hooks={"post_read": _post_read},
)
