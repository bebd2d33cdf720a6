"""The rules of a server or virtual host: before a path is mapped to an origin or a file.

Laws:
- A result that is a path of ours ends the phase: neither ProxyPass nor Alias sees it, but with PT.
- An absolute URL is a redirect; with P it is an origin, which mod_proxy must be there for.
- A raw blank or control character never leaves in a query: 403.
"""

from __future__ import annotations

import os
from collections.abc import Container, Sequence

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Hook, Server
from revproxy.proxy.rewritten import send_to_origin
from revproxy.rewrite.escape import RAW, escape_absolute, escape_uri, scheme_length
from revproxy.rewrite.rule import Step
from revproxy.rewrite.ruleset import NO_ESCAPE, UNCHANGED, RuleList, is_ended, run_rules
from revproxy.rewrite.run import Run
from revproxy.rewrite.tell import teller
from revproxy.static.find import resolved


def server_hook(steps: Sequence[Step], server: Server, options: Container[str]) -> Hook:
    """The translate hook of a server's rules."""
    any_uri = "allowanyuri" in options
    legacy_prefix = "legacyprefixdocroot" in options
    unsafe = "unsafeprefixstat" in options
    rules = RuleList(steps)
    root = server.document_root.rstrip("/")

    def translate(exchange: Exchange) -> bool | None:
        if (exchange.path[:1] != "/" and not any_uri) or is_ended(exchange):
            return None
        _tell_script(exchange, server)
        run = Run(exchange, server, exchange.path)
        run.tell = teller(exchange)
        changed = run_rules(rules, run)
        if run.forced_type:
            exchange.notes["rewrite-forced-mimetype"] = run.forced_type.lower()
        if changed == UNCHANGED:
            return None
        name = run.filename
        if leave(run, changed, name):
            return True
        exchange.query = run.args
        if name[:1] != "/":
            raise HTTPError(400)
        if run.passes_through:
            exchange.path = name
            return None
        is_file = (legacy_prefix or not run.reduced) and _is_file_name(name, run, root, unsafe)
        exchange.filename = name if is_file or not root else root + resolved(name)
        return True

    return translate


def leave(run: Run, changed: int, name: str) -> bool:
    """Send a request to an origin or a client elsewhere, where the rules say so.

    False for a path of ours. Raises HTTPError for a redirect, and for what must not leave.
    """
    exchange = run.exchange
    to_origin = name.startswith("proxy:") and not run.passes_through
    length = 0 if to_origin or run.passes_through else scheme_length(name)
    keeps = changed == NO_ESCAPE
    query = run.args
    if query is not None and (keeps or not length) and RAW(query):
        raise HTTPError(403, "Rewritten query string contains control characters or spaces")
    if to_origin:
        if "mod_proxy" not in run.server.modules:
            raise HTTPError(
                403,
                f"attempt to make remote request from mod_rewrite without proxy enabled: {name}",
            )
        exchange.query = query
        send_to_origin(exchange, run.server, name[6:], is_escaped=keeps)
        return True
    if not length:
        return False
    if not keeps:
        name = escape_absolute(name)
    if query is not None:
        changed_query = not keeps and query != exchange.query
        name = f"{name}?{escape_uri(query) if changed_query else query}"
    exchange.out.set("Location", name)
    raise HTTPError(run.status)


def _tell_script(exchange: Exchange, server: Server) -> None:
    """SCRIPT_URL and SCRIPT_URI: what was asked for, before any rule."""
    exchange.env["SCRIPT_URL"] = exchange.path
    exchange.env["SCRIPT_URI"] = server.self_url(exchange, exchange.path)


def _is_file_name(name: str, run: Run, root: str, unsafe: bool) -> bool:
    """A result is the name of a file, not a URL path below the document root.

    Its first directory must exist, and the rule's author must have written that.
    """
    if name.startswith("//"):
        return False
    end = name.find("/", 1)
    top = name if end < 0 else name[:end]
    written = (
        unsafe
        or (run.last is not None and run.last.begins_with(top))
        or name.startswith(root)
        or (run.exchange.context is not None and name.startswith(run.exchange.context[1]))
    )
    return written and "\0" not in top and os.path.exists(top.encode("latin-1"))
