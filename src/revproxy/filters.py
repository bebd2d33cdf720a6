"""Output filters: sync objects that a response passes through on its way to the client.

Laws:
- `start` may change the status line and the fields; it says whether the filter wants the body.
- A filter that changes the length of the body removes Content-Length in `start`.
- `feed` and `finish` never block and hold no more than a bounded piece of the body.
- Filters run in the order of their kind, then in the order they were added (Apache's
  `util_filter.c`).
"""

from __future__ import annotations

import enum
from typing import Protocol

from revproxy.http.message import Exchange


class Kind(enum.IntEnum):
    """Where in the chain a filter stands; lower runs first (AP_FTYPE_*)."""

    RESOURCE = 10
    CONTENT_SET = 20
    HEADERS = 25
    """mod_headers: the last that may see and change the fields."""
    PROTOCOL = 30


class Filter(Protocol):
    """One filter at work on one response."""

    kind: Kind

    def start(self, exchange: Exchange) -> bool:
        """Look at the response's head and change it; True to be fed the body."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take a piece of the body, give what can go on."""
        ...

    def finish(self) -> bytes:
        """The body is over: give what was held back."""
        ...


class Chain:
    """The filters that want the body of one response, fed as one."""

    __slots__ = ("_filters",)

    def __init__(self, filters: list[Filter]) -> None:
        self._filters = filters

    def feed(self, data: bytes) -> bytes:
        for item in self._filters:
            if not data:
                return data
            data = item.feed(data)
        return data

    def finish(self) -> bytes:
        tail = b""
        for item in self._filters:
            tail = (item.feed(tail) if tail else b"") + item.finish()
        return tail


def start_filters(exchange: Exchange, filters: list[Filter]) -> Chain | None:
    """Start each filter in order; the chain of those that want the body, None where none does."""
    filters.sort(key=lambda item: item.kind)
    wanting = [item for item in filters if item.start(exchange)]
    return Chain(wanting) if wanting else None


class DefaultCharset:
    """Adds AddDefaultCharset's to text/plain and text/html that name none."""

    kind = Kind.RESOURCE

    def __init__(self, charset: str) -> None:
        self._charset = charset

    def start(self, exchange: Exchange) -> bool:
        own = exchange.content_type
        value = own if own is not None else exchange.out.get("content-type")
        if value is not None and value.lower() in ("text/plain", "text/html"):
            complete = f"{value}; charset={self._charset}"
            if own is not None:
                exchange.content_type = complete
            else:
                exchange.out.set("Content-Type", complete)
        return False

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""
