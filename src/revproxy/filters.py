"""Output filters: sync objects that a response passes through on its way to the client.

Laws:
- `start` may change the status line and the fields; it says whether the filter wants the body.
- A filter that changes the length of the body removes Content-Length in `start`.
- `feed`, `flush` and `finish` never block and hold no more than a bounded piece of the body.
- Of filters that offer content codings the one works whose coding the client weighs most; of
  equals, the first.
- Filters run in the order of their kind, then in the order they were added (Apache's
  `util_filter.c`). A filter behind one that `holds_head` starts when the first octets reach it, as
  in Apache: until then the head may change.
"""

from __future__ import annotations

import enum

from revproxy.http.message import Exchange

STEP = 32 * 1024
"""Octets that a chain is fed at a time: some milliseconds of the slowest filter."""


class Kind(enum.IntEnum):
    """Where in the chain a filter stands; lower runs first (AP_FTYPE_*)."""

    INFLATE = 9
    """What must run before all others of the content."""
    RESOURCE = 10
    CONTENT_SET = 20
    HEADERS = 25
    """mod_headers: the last that may see and change the fields."""
    PROTOCOL = 30


class Filter:
    """One filter at work on one response; by itself it lets all pass."""

    kind: Kind = Kind.RESOURCE
    holds_head: bool = False
    """It changes the head by what stands in the body, before it gives the first octet of it."""
    reads_content: bool = False
    """It looks at the content itself, which must not be compressed then."""
    only_head: bool = False
    """It never wants the body."""
    is_heavy: bool = False
    """A step may take more than a few milliseconds, without Python's lock: it runs in a thread."""
    step: int = STEP
    """The most octets it may be fed at a time."""

    def start(self, exchange: Exchange, size: int | None) -> bool:
        """Look at the response's head and change it; True to be fed the body.

        `size` is the whole body's number of octets, None where that is not known yet.
        """
        del exchange, size
        return False

    def offer(self, exchange: Exchange, size: int | None) -> float:
        """How the client weighs the content coding that this filter would give the response, 0
        where it would give none."""
        del exchange, size
        return 0.0

    def feed(self, data: bytes) -> bytes:
        """Take a piece of the body, give what can go on."""
        return data

    def flush(self) -> bytes:
        """Nothing more comes for now: give what can be given."""
        return b""

    def finish(self) -> bytes:
        """The body is over: give what was held back."""
        return b""


class Pace(Filter):
    """How fast a response may go to its client; it never sees the body."""

    kind = Kind.PROTOCOL
    only_head = True

    def __init__(self) -> None:
        self.speed = 0
        """Octets a second, 0 for no limit."""
        self.burst = 0
        """Octets that may go at once, before."""


class Chain:
    """The filters of one response, fed as one."""

    __slots__ = ("_exchange", "_running", "_waiting", "has_worked")

    def __init__(self, exchange: Exchange, filters: list[Filter]) -> None:
        self._exchange = exchange
        self._waiting = sorted(filters, key=lambda item: item.kind)
        self._running: list[Filter] = []
        self.has_worked = False
        """Some filter wanted the body."""

    @property
    def is_ready(self) -> bool:
        """Every filter has seen the head: it may go out."""
        return not self._waiting

    @property
    def is_idle(self) -> bool:
        """No filter wants the body."""
        return not self._running and not self._waiting

    @property
    def is_heavy(self) -> bool:
        return any(item.is_heavy for item in self._running)

    @property
    def step(self) -> int:
        """The most octets that may be fed at a time."""
        return min((item.step for item in self._running), default=STEP)

    def start(self, size: int | None) -> None:
        """Start the filters in order, up to one that must see the body first."""
        while self._waiting:
            item = self._next(size)
            if item is not None:
                self._running.append(item)
                size = None
                if item.holds_head:
                    return

    def _next(self, size: int | None) -> Filter | None:
        """Start the next filter that waits: it, where it wants the body."""
        item = self._waiting.pop(0)
        if self._waiting:
            offer = item.offer(self._exchange, size)
            if offer and any(other.offer(self._exchange, size) > offer for other in self._waiting):
                return None
        if not item.start(self._exchange, size):
            return None
        self.has_worked = True
        return item

    def run(self, data: bytes, size: int | None = None) -> bytes:
        """Start all filters on a whole body; what becomes of it.

        `size` is what they are told where the body itself is not there.
        """
        while self._waiting:
            item = self._next(len(data) if size is None else size)
            if item is not None:
                size = None
                data = (item.feed(data) if data else b"") + item.finish()
        return data

    def feed(self, data: bytes) -> bytes:
        for item in self._running:
            data = item.feed(data)
            if not data:
                return data
        return self._reach_waiting(data) if self._waiting else data

    def _reach_waiting(self, data: bytes) -> bytes:
        while self._waiting and data:
            item = self._next(None)
            if item is not None:
                self._running.append(item)
                data = item.feed(data)
        return data

    def flush(self) -> bytes:
        data = b""
        for item in self._running:
            data = (item.feed(data) if data else b"") + item.flush()
        return self._reach_waiting(data)

    def finish(self) -> bytes:
        tail = b""
        for item in self._running:
            tail = (item.feed(tail) if tail else b"") + item.finish()
        # Nothing has reached those that wait: this is the whole body.
        return self.run(tail) if self._waiting else tail


def content_type_of(exchange: Exchange) -> str | None:
    """The response's Content-Type, whoever made it."""
    own = exchange.content_type
    return own if own is not None else exchange.out.get("content-type")


def set_content_type(exchange: Exchange, value: str) -> None:
    """Change the response's Content-Type where it stands."""
    if exchange.content_type is not None:
        exchange.content_type = value
    else:
        exchange.out.set("Content-Type", value)


class DefaultCharset(Filter):
    """Adds AddDefaultCharset's to text/plain and text/html that name none."""

    only_head = True

    def __init__(self, charset: str) -> None:
        self._charset = charset

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        value = content_type_of(exchange)
        if value is not None and value.lower() in ("text/plain", "text/html"):
            set_content_type(exchange, f"{value}; charset={self._charset}")
        return False
