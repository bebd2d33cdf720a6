"""Sub-requests: what would come of another path or file (`ap_sub_req_lookup_uri` and `_file`).

Laws:
- All phases but `handler` run, those of access too: what a client may not see does not show here.
- It is a GET without a body. It has a copy of the request's environment and fields, and tables of
  its own for the answer: nothing it sets is seen but by who takes it over (`take_over`).
- As many in one another as LimitInternalRecursion lets, and 2,500 for one request of a
  client; one more is 500.
"""

from __future__ import annotations

import os
import posixpath
from typing import Final

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.http.message import Exchange
from revproxy.http.uri import escape_path, normalise_path
from revproxy.process import process
from revproxy.records import dataclass
from revproxy.waiting import CannotWait, wait

MOST: Final = 2500
"""For one request of a client: rules that look ahead to themselves [N] times are endless else."""
_COUNT: Final = "sub-requests"


@dataclass(frozen=True, slots=True)
class LookUp:
    """What came of a sub-request."""

    exchange: Exchange
    status: int
    redirect: InternalRedirect | None = None
    """The handler would serve another path instead."""
    error: HTTPError | None = None

    @property
    def name(self) -> str:
        """The file or, after `proxy:` or `redirect:`, the URL that the request leads to."""
        inner = self.exchange
        if self.redirect is not None:
            return f"redirect:{self.redirect.path}"
        if inner.proxy is not None:
            return f"proxy:{inner.proxy.url}"
        return inner.path if inner.filename is None else inner.filename

    @property
    def is_servable(self) -> bool:
        """An origin or a file would answer, also one that sends the request elsewhere."""
        name = self.exchange.filename
        return self.status == 200 and (
            (self.exchange.proxy is not None and self.redirect is None)
            or (name is not None and os.path.isfile(name.encode("latin-1")))
        )

    @property
    def is_file(self) -> bool:
        """The test `-F`: something is there, and the client may see it."""
        name = self.exchange.filename
        return self.status < 300 and name is not None and os.path.exists(name.encode("latin-1"))


def is_safe(exchange: Exchange) -> bool:
    """False where a sub-request would repeat the one that this request is itself."""
    return exchange.main is None or exchange.main.path != exchange.path


def look_up_uri(exchange: Exchange, target: str) -> LookUp:
    """Look a URL path with its query up; a relative one beside the request's own."""
    path, mark, query = target.partition("?")
    if path[:1] != "/":
        path = escape_path(exchange.path[: exchange.path.rfind("/") + 1]) + path
    inner = exchange.sub_request(path, query if mark else None)
    server = exchange.server
    try:
        inner.path = normalise_path(
            path, merge_slashes=server.merge_slashes, encoded_slashes=server.encoded_slashes
        )
    except HTTPError as error:
        # It is no path: there is no file, and not even a name.
        inner.filename = ""
        return LookUp(inner, error.status, error=error)
    return _look_up(inner)


def look_up_file(exchange: Exchange, name: str) -> LookUp:
    """Look a file up; a relative name beside the file of the request."""
    folder = (exchange.filename or exchange.path).rpartition("/")[0] + "/"
    path = posixpath.normpath(posixpath.join(folder, name))
    inner = exchange.sub_request("", None)
    inner.filename = path
    base = path.removeprefix(folder)
    if base and "/" not in base:
        inner.path = exchange.path[: exchange.path.rfind("/") + 1] + base
    return _look_up(inner, is_named=True)


def look_up_entry(exchange: Exchange, name: str) -> LookUp:
    """Look an entry of the request's directory up; the name of a directory ends with `/`."""
    inner = exchange.sub_request("", None)
    inner.filename = f"{exchange.filename}{name}"
    inner.path = f"{exchange.path}{name}"
    return _look_up(inner, is_named=True)


def look_up_beside(exchange: Exchange, name: str) -> LookUp:
    """Look a file beside the request's up, with its query and what stands behind it."""
    inner = exchange.sub_request("", exchange.query)
    folder = (exchange.filename or "").rpartition("/")[0]
    inner.filename = f"{folder}/{name}{exchange.path_info}"
    path = exchange.path.removesuffix(exchange.path_info).rpartition("/")[0]
    inner.path = f"{path}/{name}{exchange.path_info}"
    return _look_up(inner, is_named=True)


def _look_up(inner: Exchange, *, is_named: bool = False) -> LookUp:
    assert inner.main is not None
    if _is_too_deep(inner.main):
        # Nobody has asked what its path leads to.
        inner.filename = ""
        return LookUp(inner, 500)
    if _are_too_many(inner.main):
        return LookUp(inner, 500)
    try:
        wait(process(inner, is_named=is_named))
    except InternalRedirect as redirect:
        return LookUp(inner, inner.status, redirect=redirect)
    except CannotWait:
        # Nobody could be asked whether the password is right.
        return LookUp(inner, 401)
    except HTTPError as error:
        return LookUp(inner, error.status, error=error)
    # Not 200 where a rule named a status and another sent the request on.
    return LookUp(inner, inner.status)


def _is_too_deep(exchange: Exchange) -> bool:
    """As many redirects or sub-requests led to a request as LimitInternalRecursion lets."""
    redirects = sub_requests = 0
    former: Exchange | None = exchange
    while former is not None:
        exchange = former
        server = exchange.server
        if exchange.previous is not None:
            redirects += 1
            former = exchange.previous
        else:
            sub_requests += exchange.main is not None
            former = exchange.main
        if redirects >= server.recursion or sub_requests >= server.sub_recursion:
            return True
    return False


def _are_too_many(exchange: Exchange) -> bool:
    """A client's request has led to more sub-requests than `MOST`."""
    while (former := exchange.previous or exchange.main) is not None:
        exchange = former
    count = int(exchange.notes.get(_COUNT, "0")) + 1
    exchange.notes[_COUNT] = str(count)
    if count == MOST and exchange.server.error_log is not None:
        text = f"{exchange.path} has led to {MOST} sub-requests: the rest is not looked up"
        exchange.server.error_log.log("error", "core", text, exchange=exchange)
    return count > MOST


def take_over(exchange: Exchange, inner: Exchange) -> None:
    """Let a request be what a sub-request of it found (`ap_internal_fast_redirect`)."""
    exchange.path, exchange.query = inner.path, inner.query
    exchange.filename, exchange.path_info = inner.filename, inner.path_info
    exchange.context, exchange.proxy = inner.context, inner.proxy
    exchange.handler, exchange.content_type = inner.handler, inner.content_type
    exchange.plan = inner.plan
    exchange.notes.update(inner.notes)
    exchange.env.update(inner.env)
    exchange.out.items = inner.out.items + exchange.out.items
    exchange.err.items = inner.err.items + exchange.err.items
