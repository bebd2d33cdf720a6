"""`RewriteMap dbd:` and `fastdbd:`: a value from a query of the server's database (mod_dbd).

Laws:
- SQLite is asked in a thread: the file may be locked, and a query may take long.
- Of several rows one is taken by chance. No row, and a query that fails, is no value.
"""

from __future__ import annotations

import random
import re
import sqlite3
from typing import Any, Final

import trio

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.lane import in_trio

_BUSY: Final = 1.5
"""Seconds that a locked database is waited for, as APR's driver waits."""
_PLACE: Final = re.compile(r"%%|%[a-z]*s|%[a-z]+")

_connections: dict[tuple[str, tuple[str, ...]], sqlite3.Connection] = {}


def sqlite_text(query: str) -> str:
    """A statement with `%s` as SQLite writes it."""
    return _PLACE.sub(lambda match: "%" if match[0] == "%%" else "?", query)


async def query(text: str, key: str, exchange: Exchange) -> str | None:
    """What the server's database has for a key. Raises HTTPError 500 where it takes too long."""
    settings = exchange.plan.settings.get("mod_dbd")
    if settings is None or not settings.params:
        return None
    late = HTTPError(500, "the database does not answer")
    exchange.connection.set_deadline(exchange.server.timeout, late)
    try:
        rows = await in_trio(
            trio.to_thread.run_sync, _rows, settings.params, settings.init or (), text, key
        )
    except sqlite3.Error as error:
        log = exchange.server.error_log
        if log is not None:
            message = f"rewritemap: error {error} querying for {key}"
            log.log("error", "rewrite", message, exchange=exchange)
        return None
    if not rows:
        return None
    value = random.choice(rows)[0]
    return None if value is None else str(value).encode("utf-8").decode("latin-1")


def _rows(params: str, init: tuple[str, ...], statement: str, key: str) -> list[tuple[Any, ...]]:
    known = _connections.get((params, init))
    if known is None:
        known = sqlite3.connect(params, timeout=_BUSY, check_same_thread=False)
        for first in init:
            known.execute(first)
        _connections[params, init] = known
    text = sqlite_text(statement)
    value = key.encode("latin-1").decode("utf-8", "surrogateescape")
    return known.execute(text, (value,) * text.count("?")).fetchall()
