"""Where a rule set tells what it does: `explain`, and the error log at rewrite:trace1 to 8."""

from __future__ import annotations

from collections.abc import Callable

from revproxy.http.message import Exchange


def teller(exchange: Exchange) -> Callable[[int, str], None] | None:
    """Takes a level of trace and a message; None where nobody listens."""
    log = exchange.server.error_log if exchange.server is not None else None
    logs = log is not None and log.is_enabled("trace1", "rewrite")
    trace = exchange.trace
    if trace is None and not logs:
        return None

    def tell(level: int, message: str) -> None:
        if trace is not None:
            trace("mod_rewrite", message)
        if log is not None and logs:
            log.log(f"trace{level}", "rewrite", message, exchange=exchange)

    return tell
