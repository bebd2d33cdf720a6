"""The rules of a server or virtual host: before a path is mapped to an origin or a file.

Laws:
- A result that is a path of ours ends the phase: neither ProxyPass nor Alias sees it, but with PT.
- An absolute URL is a redirect; with P it is an origin, which mod_proxy must be there for.
- A raw blank or control character never leaves in a query: 403.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Container, Sequence
from typing import NoReturn

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Server
from revproxy.proxy.rewritten import send_to_origin
from revproxy.rewrite.escape import escape_absolute, escape_uri, scheme_length
from revproxy.rewrite.refusal import refusal, refuse_raw_query
from revproxy.rewrite.rule import Step
from revproxy.rewrite.ruleset import (
    NO_ESCAPE,
    UNCHANGED,
    RuleList,
    is_ended,
    run_rules,
)
from revproxy.rewrite.run import Run
from revproxy.rewrite.tell import listen
from revproxy.static.find import resolved


class ServerRules:
    """The translate hook of a server's rules."""

    def __init__(self, steps: Sequence[Step], server: Server, options: Container[str]) -> None:
        self._rules = RuleList(steps)
        self._server = server
        self._any_uri = "allowanyuri" in options
        self._legacy_prefix = "legacyprefixdocroot" in options
        self._unsafe = "unsafeprefixstat" in options
        self._root = server.document_root.rstrip("/")

    def __call__(self, exchange: Exchange) -> bool | None:
        if exchange.path[:1] != "/" and not self._any_uri:
            return None
        run = Run(exchange, self._server, exchange.path)
        listen(run)
        if is_ended(exchange):
            if run.log is not None:
                run.log(8, "Declining, no further rewriting due to END flag")
            return None
        _tell_script(exchange, self._server)
        if run.log is not None:
            run.log(2, f"init rewrite engine with requested uri {exchange.path}")
        changed = run_rules(self._rules, run)
        name = run.filename
        if changed == UNCHANGED:
            if run.log is not None:
                run.log(1, f"pass through {name}")
            return None
        if leave(run, changed, name):
            return True
        exchange.query = run.args
        if run.passes_through:
            if name[:1] != "/":
                raise HTTPError(400)
            exchange.path = name
            return None
        exchange.filename = self._file(run, name)
        # What a rule with R said before stays the status of whatever is found there.
        exchange.status = run.status or exchange.status
        return True

    def _file(self, run: Run, name: str) -> str:
        """The file that a path of ours stands for. Raises HTTPError."""
        if name.startswith("/~"):
            name = _expanded(name)
        if run.log is not None:
            run.log(2, f"local path result: {name}")
        if name[:1] != "/":
            raise HTTPError(400)
        is_file = self._legacy_prefix or not run.reduced
        if self._root and not (
            is_file and _is_file_name(name, run, self._root, unsafe=self._unsafe)
        ):
            name = self._root + resolved(name, below_root=True)
            if run.log is not None:
                run.log(2, f"prefixed with document_root to {name}")
        if run.log is not None:
            run.log(1, f"go-ahead with {name} [OK]")
        return name


def leave(run: Run, changed: int, name: str) -> bool:
    """Send a request to an origin or a client elsewhere, where the rules say so.

    False for a path of ours. Raises HTTPError for a redirect, and for what must not leave.
    """
    exchange = run.exchange
    to_origin = name.startswith("proxy:") and not run.passes_through
    length = 0 if to_origin or run.passes_through else scheme_length(name)
    keeps = changed == NO_ESCAPE
    if run.args:
        refuse_raw_query(run, keeps=keeps)
    if to_origin:
        if "mod_proxy" not in run.server.modules:
            text = "attempt to make remote request from mod_rewrite without proxy enabled"
            code = "AH00669" if run.prefix is None else "AH10160"
            raise refusal(run, 403, code, f"{text}: {name}")
        exchange.query = run.args
        if run.log is not None:
            run.log(1, f"go-ahead with proxy request {name} [OK]")
        send_to_origin(exchange, run.server, name[6:], is_escaped=keeps)
        # The origin's own follows, but a request that looks ahead to this one sees it.
        exchange.status = run.status or exchange.status
        return True
    if length:
        _redirect(run, name, keeps=keeps)
    return False


def _redirect(run: Run, name: str, *, keeps: bool) -> NoReturn:
    """Send a client to a URL elsewhere; `keeps` where it is escaped already."""
    if not keeps:
        if run.log is not None:
            run.log(1, f"escaping {name} for redirect")
        name = escape_absolute(name)
    query = run.args
    if query is not None:
        copied = keeps or query == run.exchange.query
        escaped = query if copied else escape_uri(query)
        if run.log is not None:
            done = f"copying {query}" if copied else f"escaping {query}"
            run.log(1, f"{done} to query string for redirect {'' if copied else escaped}")
        name = f"{name}?{escaped}"
    if run.log is not None:
        run.log(1, f"redirect to {name} [REDIRECT/{run.status}]")
    run.exchange.query = query
    run.exchange.out.set("Location", name)
    raise HTTPError(run.status, is_first=True)


def _tell_script(exchange: Exchange, server: Server) -> None:
    """SCRIPT_URL and SCRIPT_URI: what was asked for, before any rule and any redirect within."""
    if exchange.main is not None:
        path = exchange.main.env.get("SCRIPT_URL", exchange.path)
    else:
        path = exchange.env.get("REDIRECT_SCRIPT_URL", exchange.path)
    exchange.env["SCRIPT_URL"] = path
    exchange.env["SCRIPT_URI"] = server.self_url(exchange, path)


def _expanded(name: str) -> str:
    """`/~user/...` with the user's home directory, where there is such a user."""
    user, slash, rest = name[2:].partition("/")
    try:
        home = pwd.getpwnam(user).pw_dir
    except (KeyError, ValueError):
        return name
    return f"{home.removesuffix('/')}/{rest}" if slash else home


def _is_file_name(name: str, run: Run, root: str, *, unsafe: bool) -> bool:
    """A result is the name of a file, not a URL path below the document root.

    Its first directory must exist, and the rule's author must have written that.
    """
    if name.startswith("//"):
        return False
    end = name.find("/", 1)
    top = name if end < 0 else name[:end]
    if top in ("/.", "/.."):
        top = "/"
    written = (
        unsafe
        or (run.last is not None and run.last.begins_with(top))
        or name.startswith(root)
        or (run.exchange.context is not None and name.startswith(run.exchange.context[1]))
    )
    return written and "\0" not in top and os.path.exists(top.encode("latin-1"))
