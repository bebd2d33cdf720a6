"""mod_status: what the server is doing (SetHandler server-status), for people and for programs.

Laws:
- `?auto` gives the lines that collectors of Apache's figures read, by the same names.
- A connection with a request is a busy worker, one that is kept alive shows as K; idle workers are
  the connections that MaxRequestWorkers leaves.
- Requests are counted where the module is loaded, not where a snippet only names the handler.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from typing import Final

from revproxy import scoreboard
from revproxy.http.message import Exchange
from revproxy.http.pages import escape_html, signature
from revproxy.module import AsyncHook, Hook, Module, Server, value_or
from revproxy.records import dataclass
from revproxy.scoreboard import Child, Scoreboard, Totals

_HANDLER: Final = "server-status"
_KIND: Final = "; charset=ISO-8859-1"


@dataclass(frozen=True, slots=True)
class Settings:
    """mod_status has none: ExtendedStatus is core's."""


def _counts(server: Server) -> bool:
    """A file loads the module: requests are counted."""
    return "mod_status" in server.modules


def _count(_settings: Settings, server: Server) -> Hook | None:
    if not _counts(server):
        return None

    def count(exchange: Exchange) -> None:
        board = scoreboard.current()
        if board is not None:
            board.count(exchange.bytes_out, (time.time_ns() - exchange.started) // 1000)

    return count


def _handler(_settings: Settings, server: Server) -> AsyncHook:
    async def answer(exchange: Exchange) -> bool | None:
        if exchange.handler != _HANDLER or exchange.method not in ("GET", "HEAD"):
            return None
        board = scoreboard.current() or Scoreboard()
        figures = Figures.of(board, exchange, server)
        wishes = (exchange.query or "").split("&")
        for wish in wishes:
            name, _, value = wish.partition("=")
            if name == "refresh":
                seconds = value if value.isascii() and value.isdigit() and int(value) else "10"
                exchange.out.set("Refresh", seconds)
        is_auto = any(wish.partition("=")[0] == "auto" for wish in wishes)
        lines = figures.lines() if is_auto else figures.page(exchange)
        exchange.content_type = f"text/{'plain' if is_auto else 'html'}{_KIND}"
        exchange.body = "".join(lines).encode("latin-1", "replace")
        return True

    return answer


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is shown, at one moment."""

    host: str
    address: str
    product: str
    now: float
    board: Scoreboard
    children: list[Child]
    totals: Totals | None
    """None where ExtendedStatus is off, or nobody counts."""

    @classmethod
    def of(cls, board: Scoreboard, exchange: Exchange, server: Server) -> Figures:
        """As they are for a request."""
        core = exchange.plan.settings["core"]
        extended = value_or(core.extended_status, True)
        return cls(
            server.self_address(exchange)[0],
            exchange.connection.local_address,
            server.product,
            time.time(),
            board,
            board.children(),
            board.totals() if extended and _counts(server) else None,
        )

    @property
    def uptime(self) -> int:
        """Whole seconds."""
        return int(self.now - self.board.started)

    @property
    def busy(self) -> int:
        # Whoever asks is served at this moment.
        return max(1, sum(child.busy for child in self.children))

    @property
    def kept(self) -> int:
        return sum(child.kept for child in self.children)

    @property
    def idle(self) -> int:
        return max(0, self.board.workers - self.busy - self.kept)

    def marks(self) -> str:
        """A letter for each worker."""
        return "W" * self.busy + "K" * self.kept + "_" * self.idle

    def lines(self) -> Iterator[str]:
        """The figures for programs (`?auto`)."""
        yield f"{self.host}\n"
        for name, value in self._named():
            yield f"{name}: {value}\n"

    def _named(self) -> Iterator[tuple[str, object]]:
        yield "ServerVersion", self.product
        yield "ServerMPM", "trio"
        yield "CurrentTime", _moment(self.now)
        yield "RestartTime", _moment(self.board.configured)
        yield "ParentServerConfigGeneration", self.board.generation + 1
        yield "ParentServerMPMGeneration", self.board.generation
        yield "ServerUptimeSeconds", self.uptime
        yield "ServerUptime", duration(self.uptime)
        for minutes, load in zip((1, 5, 15), os.getloadavg(), strict=True):
            yield f"Load{minutes}", f"{load:.2f}"
        if self.totals is not None:
            yield from self._extended(self.totals)
        yield "BusyWorkers", self.busy
        yield "GracefulWorkers", 0
        yield "IdleWorkers", self.idle
        yield "Processes", len(self.children)
        yield "Stopping", sum(child.stops for child in self.children)
        yield "ConnsTotal", self.busy + self.kept
        yield "ConnsAsyncKeepAlive", self.kept
        yield "Scoreboard", self.marks()

    def _extended(self, totals: Totals) -> Iterator[tuple[str, object]]:
        yield "Total Accesses", totals.requests
        yield "Total kBytes", totals.octets // 1024
        yield "Total Duration", totals.microseconds // 1000
        own = resource.getrusage(resource.RUSAGE_SELF)
        yield "CPUUser", _short(own.ru_utime)
        yield "CPUSystem", _short(own.ru_stime)
        yield "Uptime", self.uptime
        yield "ReqPerSec", _short(totals.requests / max(1, self.uptime))
        yield "BytesPerSec", _short(totals.octets / max(1, self.uptime))
        if totals.requests:
            yield "BytesPerReq", _short(totals.octets / totals.requests)
            yield "DurationPerReq", _short(totals.microseconds / 1000 / totals.requests)

    def page(self, exchange: Exchange) -> Iterator[str]:
        """The figures for people."""
        yield '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" '
        yield '"http://www.w3.org/TR/html4/strict.dtd">\n'
        yield "<html><head>\n<title>Server Status</title>\n</head><body>\n"
        yield f"<h1>Server Status for {escape_html(self.host)} (via {self.address})</h1>\n\n<dl>"
        for name, value in self._named():
            if name != "Scoreboard":
                yield f"<dt>{name}: {escape_html(str(value))}</dt>\n"
        yield "</dl>\n<table>\n<tr><th>Slot</th><th>PID</th><th>Stopping</th>"
        yield "<th>Busy</th><th>Keep-alive</th></tr>\n"
        for child in self.children:
            stops = "yes" if child.stops else "no"
            cells = (child.slot, child.pid, stops, child.busy, child.kept)
            yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        marks = self.marks()
        rows = (marks[start : start + 64] for start in range(0, len(marks), 64))
        yield "</table>\n<pre>" + "\n".join(rows) + "</pre>\n"
        yield "<p>W: a request is served; K: kept alive; _: free</p>\n"
        yield f"{signature(exchange)}</body></html>\n"


def _moment(seconds: float) -> str:
    return time.strftime("%A, %d-%b-%Y %H:%M:%S %Z", time.localtime(seconds))


def _short(value: float) -> str:
    """Six digits, as C's %g."""
    return f"{value:g}"


_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def duration(seconds: int) -> str:
    """Days, hours, minutes and seconds in words; leading ones that are zero are left out."""
    words: list[str] = []
    for name, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count or words or length == 1:
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(words)


MODULE = Module(
    name="mod_status",
    settings=Settings,
    hooks={"log": _count, "handler": _handler},
)
