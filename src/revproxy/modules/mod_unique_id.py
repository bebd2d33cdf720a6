"""mod_unique_id: a name for each request that no other has, in the variable UNIQUE_ID.

Laws:
- 27 characters of letters, digits, `-` and `_`: ten octets of chance for each child process, the
  time, a number and the connection, as Apache makes them.
- An internal redirect keeps the name of the request it comes from.
- It is made only where some directive names UNIQUE_ID or writes it: nobody else could see it.
- `%L` of both logs is the same name.
"""

from __future__ import annotations

import base64
import itertools
import os
import secrets
from collections.abc import Iterable
from typing import Final

from revproxy.config.tree import Directive
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Server
from revproxy.records import dataclass

_numbers: Final = itertools.count(secrets.randbelow(1 << 16))
_roots: Final[dict[int, bytes]] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """There is nothing to set."""


_LOGS: Final = frozenset(("customlog", "globallog", "logformat"))


def is_wanted(directives: Iterable[Directive]) -> bool:
    """Whether some directive names UNIQUE_ID, or writes it to a log."""
    return any(
        "UNIQUE_ID" in directive.raw
        or directive.key == "forensiclog"
        or (directive.key in _LOGS and "json" in directive.values)
        for directive in directives
    )


def make_unique_id(seconds: int, connection: int) -> str:
    """A name for a request that came at this Unix time on a connection of this number."""
    root = _roots.get(os.getpid())
    if root is None:
        # A forked process must not go on with its parent's.
        root = _roots[os.getpid()] = secrets.token_bytes(10)
    number = next(_numbers) & 0xFFFF
    record = (
        root
        + (seconds & 0xFFFFFFFF).to_bytes(4, "big")
        + number.to_bytes(2, "big")
        + (connection & 0xFFFFFFFF).to_bytes(4, "big")
    )
    return base64.b64encode(record, b"-_").decode("ascii").rstrip("=")


def _set(exchange: Exchange) -> None:
    env = exchange.env
    if "UNIQUE_ID" not in env:
        former = env.get("REDIRECT_UNIQUE_ID") or exchange.log_id
        if former is None:
            seconds = exchange.started // 1_000_000_000
            former = make_unique_id(seconds, exchange.connection.client_port)
        env["UNIQUE_ID"] = former


def _hook(_settings: Settings, server: Server) -> Hook | None:
    return _set if server.names_unique_id else None


MODULE = Module(
    name="mod_unique_id",
    settings=Settings,
    hooks={"post_read": _hook, "translate": _hook},
)
