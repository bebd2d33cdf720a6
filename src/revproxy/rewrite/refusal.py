"""Requests that a rule set ends: told in the error log with Apache's words and codes."""

from __future__ import annotations

from revproxy.errors import HTTPError
from revproxy.rewrite.escape import RAW, scheme_length
from revproxy.rewrite.run import Run


def refusal(run: Run, status: int, code: str, text: str) -> HTTPError:
    """The end of a request by a rule, told in the error log with Apache's code for it."""
    log = run.exchange.server.error_log
    if log is not None:
        log.log("error", "rewrite", text, exchange=run.exchange, code=code)
    if run.tell is not None:
        run.tell(text)
    run.exchange.query = run.args
    return HTTPError(status)


def refuse_raw_query(run: Run, *, keeps: bool = False) -> None:
    """Refuse a raw blank or control character in a query that is not going to be escaped.

    Raises HTTPError 403.
    """
    if not run.args or not RAW(run.args):
        return
    if keeps or run.passes_through or not scheme_length(run.filename):
        text = "Rewritten query string contains control characters or spaces"
        raise refusal(run, 403, "AH10410" if run.prefix is None else "AH10411", text)
