"""`RewriteMap dbd:` and `fastdbd:`: a value from a query of the server's database (mod_dbd).

Laws:
- SQLite is asked in a thread: the file may be locked, and a query may take long.
- Of several rows one is taken by chance. No row, and a query that fails, is no value.
"""

from __future__ import annotations

import random
import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.lane import in_trio
from revproxy.waiting import CannotWait, wait

_BUSY: Final = 1.5
"""Seconds that a locked database is waited for, as APR's driver waits."""
_MOST_KEPT: Final = 10_000
_PLACE: Final = re.compile(r"%%|%[a-z]*s|%[a-z]+")

_connections: dict[tuple[str, tuple[str, ...]], sqlite3.Connection] = {}


def sqlite_text(query: str) -> str:
    """A statement with `%s` as SQLite writes it."""
    return _PLACE.sub(lambda match: "%" if match[0] == "%%" else "?", query)


@dataclass(slots=True)
class QueryMap:
    """A query that gives one column; `keeps` remembers what was found."""

    query: str
    keeps: bool = False
    waits: bool = field(default=True, init=False)
    _known: dict[str, str | None] = field(default_factory=dict, init=False)

    def look_up(self, key: str, exchange: Exchange) -> str | None:
        """What the database has for a key."""
        if key in self._known:
            return self._known[key]
        try:
            value = wait(self._ask(key, exchange))
        except CannotWait:
            return None
        if self.keeps:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            # As in Apache, an empty value is none the second time.
            self._known[key] = value or None
        return value

    async def _ask(self, key: str, exchange: Exchange) -> str | None:
        settings = exchange.plan.settings.get("mod_dbd")
        if settings is None or not settings.params:
            return None
        late = HTTPError(500, "the database does not answer")
        exchange.connection.set_deadline(exchange.server.timeout, late)
        try:
            rows = await in_trio(
                trio.to_thread.run_sync,
                _rows,
                settings.params,
                settings.init or (),
                self.query,
                key,
            )
        except sqlite3.Error as error:
            log = exchange.server.error_log
            if log is not None:
                text = f"rewritemap: error {error} querying for {key}"
                log.log("error", "rewrite", text, exchange=exchange)
            return None
        if not rows:
            return None
        value = random.choice(rows)[0]
        return None if value is None else str(value).encode("utf-8").decode("latin-1")


def _rows(params: str, init: tuple[str, ...], query: str, key: str) -> list[tuple[Any, ...]]:
    known = _connections.get((params, init))
    if known is None:
        known = sqlite3.connect(params, timeout=_BUSY, check_same_thread=False)
        for statement in init:
            known.execute(statement)
        _connections[params, init] = known
    text = sqlite_text(query)
    value = key.encode("latin-1").decode("utf-8", "surrogateescape")
    return known.execute(text, (value,) * text.count("?")).fetchall()
