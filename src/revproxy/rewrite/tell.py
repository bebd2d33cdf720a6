"""Where a rule set tells what it does: `explain`, and the error log at rewrite:trace1 to 8.

Laws:
- The error log has Apache's words: what people and their tools look for in it."""

from __future__ import annotations

from typing import Final

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.rewrite.run import Run

_BARE: Final = (
    *("split uri=", "discarding query", "reduce ", "strip matching", "add subst", "map lookup"),
    *("setting cookie", "setting env", "unsetting env"),
)


def listen(run: Run) -> None:
    """Find who listens to what a run decides and does."""
    exchange = run.exchange
    trace = exchange.trace
    if trace is not None:

        def told(message: str, location: Location | None = None, *, acted: bool = True) -> None:
            trace("mod_rewrite", message, location, acted=acted)

        run.tell = told
    log = exchange.server.error_log if exchange.server is not None else None
    if log is None or not log.is_enabled("trace1", "rewrite", exchange):
        return
    where = _where(exchange)

    def tell(level: int, text: str) -> None:
        # Some of Apache's messages do not name the section, one not even the request.
        inside = f"[perdir {run.place}] " if run.place and not text.startswith(_BARE) else ""
        line = text if text.startswith("Evaluation of ") else f"{where} {inside}{text}"
        log.log(f"trace{level}", "rewrite", line, exchange=exchange)

    run.log = tell


def tell_subject(run: Run) -> None:
    """Log what becomes of a file's name before patterns are tried on it."""
    assert run.log is not None
    if run.prefix is None:
        return
    name = run.filename
    if run.path_info:
        run.log(3, f"add path info postfix: {name} -> {name}{run.path_info}")
        name += run.path_info
    if run.prefix and name.startswith(run.prefix):
        run.log(3, f"strip per-dir prefix: {name} -> {name.removeprefix(run.prefix)}")


def _where(exchange: Exchange) -> str:
    """Who asks whom: the address, the host, and what tells requests from others in the log."""
    redirects = 0
    former = exchange.previous
    while former is not None:
        redirects, former = redirects + 1, former.previous
    kind = "initial" if exchange.main is None else "subreq"
    kind += f"/redir#{redirects}" if redirects else ""
    server = exchange.server.server
    ids = f"{server.self_address(exchange)[0]}/sid#{id(server):x}][rid#{id(exchange):x}/{kind}"
    return f"{exchange.client_address} - {exchange.user or '-'} [{ids}]"
