"""What is done to a request before its handler: Apache's `ap_process_request_internal`.

Laws:
- The phases run in Apache's order; a hook that raises ends them.
- A hook of `translate`, `type_checker` and both `fixups` may return a coroutine: it may have to
  wait. The type checker may put another file in the place of the request's, with its plan.
- A request goes by this way alone, whether a client made it or another request looks ahead to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CoroutineType
from typing import Any

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.http.message import REDIRECT_HANDLER, Exchange
from revproxy.http.trace import MAX_TRACE_BODY, answer_trace, check_trace


async def process(exchange: Exchange, *, is_named: bool = False) -> bool:
    """All phases from `translate` to `fixups`: whether the request is answered already.

    `is_named`: `exchange.filename` is known, and no URL path leads to it. Raises HTTPError and
    InternalRedirect.
    """
    server = exchange.server
    if not is_named:
        exchange.plan = server.location_plan(exchange)
        await _until_done(exchange, exchange.plan.translate)
    if exchange.method == "TRACE" and exchange.proxy is None:
        await _answer_trace(exchange)
        return True
    try:
        plan = exchange.plan = server.full_plan(exchange)
    except HTTPError:
        # No section is in force for what may not even be looked at.
        exchange.plan = server.base
        raise
    if exchange.path == "*" and exchange.proxy is None:
        return True
    if not plan.is_open:
        await _check_access(exchange)
    if exchange.proxy is None:
        await _until_done(exchange, exchange.plan.type_checker)
        plan = exchange.plan
    is_file = exchange.proxy is None
    redirect = await _fix_up(exchange, plan.fixups)
    if is_file:
        # Also where a rule has just sent it to an origin, as in Apache.
        redirect = await _fix_up(exchange, plan.file_fixups) or redirect
    if redirect is not None:
        raise redirect
    return False


async def _until_done(exchange: Exchange, hooks: Iterable[Any]) -> None:
    """Run hooks up to the first that says all is done."""
    for hook in hooks:
        done = hook(exchange)
        if done.__class__ is CoroutineType:
            done = await done
        if done:
            return


async def _fix_up(exchange: Exchange, hooks: Iterable[Any]) -> InternalRedirect | None:
    """Run fixups, all of them: the redirect that one asks for is its handler's work."""
    redirect = None
    for hook in hooks:
        try:
            waits = hook(exchange)
            if waits.__class__ is CoroutineType:
                await waits
        except InternalRedirect as asked:
            exchange.handler = REDIRECT_HANDLER
            redirect = asked
    return redirect


async def _answer_trace(exchange: Exchange) -> None:
    """What no section has a say in. Raises HTTPError."""
    exchange.plan = exchange.server.base
    check_trace(exchange, exchange.server.server.trace)
    answer_trace(exchange, await _whole_body(exchange))


async def _whole_body(exchange: Exchange) -> bytes:
    """The body of a TRACE request (TraceEnable extended). Raises HTTPError 413."""
    data = b""
    while exchange.request_body is not None and (piece := await exchange.request_body.read()):
        data += piece
        if len(data) > MAX_TRACE_BODY:
            raise HTTPError(413, "the body of a TRACE request is too large", close=True)
    return data


async def _check_access(exchange: Exchange) -> None:
    """Whether the client may: by where it comes from, then by who it is. Raises HTTPError.

    Who is admitted without a user is not asked for one; with Satisfy Any, so is who passes
    `access`.
    """
    plan = exchange.plan
    former = exchange.previous or exchange.main
    if former is not None and former.plan is plan:
        # The request this one is made from was looked at already, with the same settings.
        exchange.user, exchange.auth_type = former.user, former.auth_type
        exchange.challenge = former.challenge
        return
    for hook in plan.names:
        await hook(exchange)
    satisfies_any = plan.satisfies_any is not None and plan.satisfies_any(exchange.method)
    try:
        for hook in plan.access:
            hook(exchange)
    except HTTPError:
        if not satisfies_any:
            raise
    else:
        if satisfies_any:
            return
    if _is_authorized(exchange):
        return
    await _authenticate(exchange)
    _is_authorized(exchange)


def _is_authorized(exchange: Exchange) -> bool:
    """False where a user would have to be known. Raises HTTPError."""
    known = True
    for hook in exchange.plan.authz:
        known = hook(exchange) is not False and known
    return known


async def _authenticate(exchange: Exchange) -> None:
    for hook in exchange.plan.authn:
        if await hook(exchange):
            break
    if exchange.user is None:
        raise HTTPError(500, "configuration error: couldn't check user: no user file?")
