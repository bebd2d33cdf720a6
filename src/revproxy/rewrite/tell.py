"""Where a rule set tells what it does: `explain`, and the error log at rewrite:trace1 to 8."""

from __future__ import annotations

from typing import Protocol

from revproxy.errors import Location
from revproxy.http.message import Exchange


class Tell(Protocol):
    """Takes a level of trace and a message, with the line it is about and whether that acted."""

    def __call__(
        self, level: int, message: str, location: Location | None = None, *, acted: bool = True
    ) -> None: ...


def teller(exchange: Exchange) -> Tell | None:
    """Where a rule set tells what it does; None where nobody listens."""
    log = exchange.server.error_log if exchange.server is not None else None
    logs = log is not None and log.is_enabled("trace1", "rewrite")
    trace = exchange.trace
    if trace is None and not logs:
        return None

    def tell(
        level: int, message: str, location: Location | None = None, *, acted: bool = True
    ) -> None:
        if trace is not None:
            trace("mod_rewrite", message, location, acted=acted)
        if log is not None and logs:
            log.log(f"trace{level}", "rewrite", message, exchange=exchange)

    return tell
