"""The one request path: from a request's head to a response that is ready to be sent.

Laws:
- The phases run in Apache's order; a hook that raises HTTPError ends them, and the error document
  of its status answers.
- An error document that is a path is a request of its own (GET) through the same phases; an error
  on the way there gives the canned page. So is a path that a hook wants served instead, with the
  request's method and body; as many as LimitInternalRecursion lets.
- No module is known here by name.
"""

from __future__ import annotations

from types import CoroutineType
from typing import Final

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.filtered import filtered
from revproxy.filters import Filter, Pace
from revproxy.http.fields import Fields
from revproxy.http.message import REDIRECT_HANDLER, Exchange
from revproxy.http.methods import METHODS
from revproxy.http.pages import error_page, page_type
from revproxy.http.uri import normalise_path, parse_url
from revproxy.plan.match import NameTable
from revproxy.plan.plan import Document, VirtualHost
from revproxy.process import process

_CLIENTS_MISTAKES: Final = frozenset((400, 408, 413, 414, 417, 501, 505))
"""Statuses that are told at level info: anybody can cause any number of them."""


def begin(exchange: Exchange, names: NameTable[VirtualHost]) -> None:
    """Find the virtual host and the path of a request. Raises HTTPError."""
    host = exchange.block.host
    target = exchange.target
    if target[0] != "/" or exchange.method == "CONNECT":
        host, target = _unusual_target(exchange, host)
    exchange.server = names.default
    if host is not None:
        exchange.host, exchange.host_port, found = names.by_host(host)
        if found is not None:
            exchange.server = found
        elif names.default.strict_host:
            raise HTTPError(400, "unknown host")
    elif names.paths:
        exchange.server = names.by_path(target)
    _set_path(exchange, target)
    if exchange.server.strict_methods and exchange.method not in METHODS:
        raise HTTPError(501, allow="TRACE")
    expect = exchange.block.expect
    if expect is not None and expect.lower() != "100-continue":
        raise HTTPError(417)


def _set_path(exchange: Exchange, target: str) -> None:
    server: VirtualHost = exchange.server
    path, mark, query = target.partition("?")
    if path[:2] == "//":
        path = "/" + path.lstrip("/")
    exchange.raw_path = exchange.path = path
    if mark:
        exchange.query = query
    if path[:1] == "/":
        exchange.path = normalise_path(
            path,
            merge_slashes=server.merge_slashes,
            encoded_slashes=server.encoded_slashes,
        )


def _unusual_target(exchange: Exchange, host: str | None) -> tuple[str | None, str]:
    """Host and path of a target in absolute, authority or asterisk form (RFC 9112, 3.2)."""
    target = exchange.target
    if exchange.method == "CONNECT" and target[0] == "/":
        raise HTTPError(400, "CONNECT takes host:port")
    if exchange.method == "CONNECT":
        raise HTTPError(405, allow="GET,POST,OPTIONS,HEAD,TRACE")
    if target == "*" and exchange.method == "OPTIONS":
        return host, target
    try:
        url = parse_url(target)
    except ValueError:
        raise HTTPError(400, "the request target is not a path") from None
    if url.userinfo is not None:
        # No password goes to a log.
        masked = f"//{url.userinfo.partition(':')[0]}:XXXXXXXX@"
        exchange.request_line = exchange.request_line.replace(f"//{url.userinfo}@", masked)
    if not url.host or url.userinfo is not None:
        raise HTTPError(400, "the request target has no valid host")
    authority = url.host if url.port is None else f"{url.host}:{url.port}"
    exchange.fields.set("Host", authority)
    path = url.path
    return authority, path if path.startswith("/") else f"/{path}"


async def handle(exchange: Exchange) -> Exchange:
    """Run the phases: the exchange whose response it is."""
    try:
        for hook in exchange.server.post_read:
            waits = hook(exchange)
            if waits.__class__ is CoroutineType:
                await waits
        await _process(exchange)
        if exchange.plan.insert_filter:
            await _filter(exchange)
        return exchange
    except InternalRedirect as redirect:
        return await _redirected(exchange, redirect)
    except HTTPError as error:
        return await fail(exchange, error)


async def _redirected(exchange: Exchange, redirect: InternalRedirect) -> Exchange:
    """Serve the path a hook wants instead, as often as hooks want another."""
    server: VirtualHost = exchange.server
    for _ in range(server.recursion):
        inner = exchange.redirected(redirect.path, redirect.query)
        inner.method, inner.request_body = exchange.method, exchange.request_body
        # What led here depends on these fields.
        for value in exchange.out.get_all("Vary"):
            inner.out.add("Vary", value)
        inner.server = server
        exchange = inner
        try:
            if redirect.path[:1] != "/":
                raise HTTPError(400, f"invalid URI path ({redirect.path})")
            exchange.path = normalise_path(
                redirect.path,
                merge_slashes=server.merge_slashes,
                encoded_slashes=server.encoded_slashes,
            )
            await _process(exchange)
            first = _first_error(exchange)
            if first is not None and (exchange.status == 200 or exchange.status >= 400):
                exchange.status, exchange.reason = first.status, None
            return await _filter(exchange)
        except InternalRedirect as again:
            redirect = again
        except HTTPError as error:
            return await fail(exchange, error)
    return await fail(exchange, _endless(server))


def _endless(server: VirtualHost) -> HTTPError:
    return HTTPError(
        500,
        f"Request exceeded the limit of {server.recursion} internal redirects due to probable "
        "configuration error. Use 'LimitInternalRecursion' to increase the limit if necessary.",
    )


def _redirects(exchange: Exchange) -> int:
    """How many internal redirects have led to a request."""
    count = 0
    former = exchange.previous
    while former is not None:
        count, former = count + 1, former.previous
    return count


def _first_error(exchange: Exchange) -> Exchange | None:
    """The request whose error this one is to tell, None for one that is no error document."""
    found = None
    former = exchange.previous
    while former is not None:
        if former.status != 200:
            found = former
        former = former.previous
    return found


async def _process(exchange: Exchange) -> None:
    """All phases from translate to handler. Raises HTTPError."""
    if await process(exchange):
        return
    for hook in exchange.plan.handler:
        if await hook(exchange):
            return
    raise HTTPError(404)


async def _filter(exchange: Exchange) -> Exchange:
    """Put the filters in the way of the response's body. Raises HTTPError."""
    if exchange.status == 101 or exchange.path == "*":
        return exchange
    made: list[Filter] = []
    for hook in exchange.plan.insert_filter:
        made += hook(exchange)
    if len(made) == 1 and made[0].only_head and not isinstance(made[0], Pace):
        made[0].start(exchange, None)
    elif made:
        await filtered(exchange, made)
    return exchange


async def fail(exchange: Exchange, error: HTTPError) -> Exchange:
    """Answer an error by its document: the exchange whose response it is."""
    server: VirtualHost = exchange.server
    if exchange.plan is None:
        exchange.plan = server.base
    _drop_response(exchange)
    before = exchange.status
    exchange.status = error.status
    exchange.reason = error.reason
    exchange.error_detail = error.detail
    exchange.close = exchange.close or error.close
    if server.error_log is not None and error.detail:
        level = "info" if error.status in _CLIENTS_MISTAKES else "error"
        server.error_log.log(level, "core", error.detail, exchange=exchange)
    first = None if error.is_first else _first_error(exchange)
    if first is not None:
        exchange.status, exchange.reason = first.status, first.reason
        exchange.out.unset("Location")
        location = first.out.get("Location")
        if location is not None:
            exchange.out.set("Location", location)
        _canned(exchange, error, recursive=error.status)
        return await _filter(exchange)
    if exchange.handler == REDIRECT_HANDLER and before != 200 and not error.is_first:
        # A rule named a status before it sent the request elsewhere: no document is tried.
        _canned(exchange, error, recursive=before)
        return await _filter(exchange)
    kind, value = _document(exchange)
    if kind == "path":
        return await _internal_redirect(exchange, value)
    if kind == "text":
        exchange.content_type = page_type(exchange)
        exchange.body = value.encode("latin-1")
        return await _filter(exchange)
    if kind == "url":
        exchange.status, exchange.reason = 302, None
        exchange.out.set("Location", value)
    _canned(exchange, error)
    return await _filter(exchange)


def _document(exchange: Exchange) -> tuple[str, str]:
    """The kind and value of the document for the exchange's status, "" twice where none is."""
    document: Document | None = exchange.plan.documents.get(exchange.status)
    if document is None:
        return "", ""
    if exchange.trace is not None:
        text = f"ErrorDocument {exchange.status} answers"
        exchange.trace("core", text, document.location)
    value = document.value if isinstance(document.value, str) else document.value(exchange)
    return ("", "") if value is None else (document.kind, value)


def _drop_response(exchange: Exchange) -> None:
    """Forget what a handler may have begun to answer."""
    body, exchange.body = exchange.body, b""
    if not isinstance(body, bytes):
        body.close()
    location = exchange.out.get("Location")
    exchange.out = Fields()
    exchange.content_type = None
    exchange.generated = True
    if location is not None:
        exchange.out.set("Location", location)


async def _internal_redirect(exchange: Exchange, target: str) -> Exchange:
    """Serve the path of an error document as a request of its own, with the first status."""
    server: VirtualHost = exchange.server
    if _redirects(exchange) >= server.recursion:
        return await fail(exchange, _endless(server))
    path, mark, query = target.partition("?")
    inner = exchange.redirected(path, query if mark else None)
    inner.server = server
    try:
        inner.path = normalise_path(path, encoded_slashes="NoDecode")
        await _process(inner)
        if inner.status == 200 or inner.status >= 400:
            # The phrase is the standard one: what an origin called its error is gone.
            inner.status, inner.reason = exchange.status, None
        return await _filter(inner)
    except InternalRedirect as redirect:
        return await _redirected(inner, redirect)
    except HTTPError as error:
        return await fail(inner, error)


def _canned(exchange: Exchange, error: HTTPError, recursive: int = 0) -> None:
    """The page that stands for a status where no document is configured."""
    if exchange.status in (405, 501):
        exchange.err.set("Allow", "TRACE" if error.allow is None else error.allow)
    exchange.content_type = page_type(exchange)
    exchange.body = error_page(exchange, error, recursive)
