"""The server variables `%{NAME}` of mod_rewrite.

Laws:
- A name nobody knows is empty, as in Apache; the look-up of a name is settled at load.
- A condition that reads a field of the request makes the response vary on it, but on Host.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from revproxy.errors import UnimplementedError
from revproxy.http.message import Exchange, document_root, tls_variable
from revproxy.rewrite.run import Part, Run
from revproxy.subrequest import is_safe, look_up_file, look_up_uri

_FIELDS: Final = {
    "HTTP_ACCEPT": "Accept",
    "HTTP_COOKIE": "Cookie",
    "HTTP_FORWARDED": "Forwarded",
    "HTTP_HOST": "Host",
    "HTTP_PROXY_CONNECTION": "Proxy-Connection",
    "HTTP_REFERER": "Referer",
    "HTTP_USER_AGENT": "User-Agent",
}
_TIMES: Final = {
    "TIME": "%Y%m%d%H%M%S",
    "TIME_YEAR": "%Y",
    "TIME_MON": "%m",
    "TIME_DAY": "%d",
    "TIME_HOUR": "%H",
    "TIME_MIN": "%M",
    "TIME_SEC": "%S",
    "TIME_WDAY": "%w",
}


def _server_port(run: Run) -> str:
    return str(run.server.self_address(run.exchange)[1])


def _server_name(run: Run) -> str:
    return run.server.self_address(run.exchange)[0]


def _context(run: Run) -> tuple[str, str]:
    return run.exchange.context or ("", run.server.document_root)


_VARIABLES: Final[dict[str, Part]] = {
    "AUTH_TYPE": lambda run: run.exchange.auth_type or "",
    "CONN_REMOTE_ADDR": lambda run: run.exchange.connection.client_address,
    "CONTEXT_DOCUMENT_ROOT": lambda run: _context(run)[1],
    "CONTEXT_PREFIX": lambda run: _context(run)[0],
    "DOCUMENT_ROOT": lambda run: document_root(run.exchange) or run.server.document_root,
    "HTTPS": lambda run: "on" if run.exchange.connection.is_tls else "off",
    "IPV6": lambda run: "on" if ":" in run.exchange.connection.client_address else "off",
    "IS_SUBREQ": lambda run: "false" if run.exchange.main is None else "true",
    "PATH_INFO": lambda run: run.exchange.path_info,
    "QUERY_STRING": lambda run: run.args or "",
    "REMOTE_ADDR": lambda run: run.exchange.client_address,
    "REMOTE_HOST": lambda run: run.exchange.remote_host or run.exchange.client_address,
    "REMOTE_IDENT": lambda _run: "",
    "REMOTE_PORT": lambda run: str(run.exchange.client_port),
    "REMOTE_USER": lambda run: run.exchange.user or "",
    "REQUEST_FILENAME": lambda run: run.filename,
    "REQUEST_METHOD": lambda run: run.exchange.method,
    "REQUEST_SCHEME": lambda run: run.server.self_scheme(run.exchange),
    "REQUEST_URI": lambda run: run.exchange.path,
    "SCRIPT_FILENAME": lambda run: run.filename,
    "SERVER_ADDR": lambda run: run.exchange.connection.local_address,
    "SERVER_ADMIN": lambda run: run.server.admin,
    "SERVER_NAME": _server_name,
    "SERVER_PORT": _server_port,
    "SERVER_PROTOCOL": lambda run: run.exchange.protocol,
    "SERVER_SOFTWARE": lambda run: run.server.product,
    "THE_REQUEST": lambda run: run.exchange.request_line,
}
_UNSUPPORTED: Final = frozenset(("API_VERSION", "SCRIPT_GROUP", "SCRIPT_USER"))


def compile_variable(name: str) -> Part:
    """The look-up of `%{name}`. Raises DirectiveError for one that is not implemented."""
    prefix, colon, rest = name.partition(":")
    if colon:
        return _prefixed(prefix.upper(), rest)
    name = name.upper()
    if name in _FIELDS:
        return _field(_FIELDS[name])
    if name in _TIMES:
        return _time(_TIMES[name])
    if name in _UNSUPPORTED:
        raise UnimplementedError(f"%{{{name}}} is not implemented")
    return _VARIABLES.get(name, _empty)


def _prefixed(prefix: str, rest: str) -> Part:
    if prefix == "ENV":
        return lambda run: environment(run.exchange, rest)
    if prefix == "HTTP":
        return _field(rest)
    if prefix in ("LA-U", "LA-F"):
        return _ahead(compile_variable(rest), rest, by_file=prefix == "LA-F")
    if prefix == "SSL":
        return lambda run: tls_variable(run.exchange, rest) or _without_tls(run, rest)
    return _empty


def _without_tls(run: Run, name: str) -> str:
    """What mod_ssl says of a plain connection."""
    return "off" if name == "HTTPS" and "mod_ssl" in run.server.modules else ""


def _ahead(variable: Part, name: str, *, by_file: bool) -> Part:
    """A variable as it will be when the request has gone through all phases."""

    def look_up(run: Run) -> str:
        subject = run.subject()
        if not subject or not is_safe(run.exchange):
            return ""
        if not by_file or (run.prefix is not None and subject[0] == "/"):
            found = look_up_uri(run.exchange, run.url_path(subject))
        else:
            found = look_up_file(run.exchange, f"{run.prefix or ''}{subject}")
        value = variable(Run(found.exchange, run.server, found.name))
        if run.tell is not None:
            run.tell(f"lookahead: path={subject} -> val={value}")
        if run.log is not None:
            run.log(5, f"lookahead: path={subject} var={name} -> val={value}")
        return value

    return look_up


def looks_ahead(text: str) -> bool:
    """Whether a template asks for what a sub-request finds."""
    upper = text.upper()
    return "%{LA-U:" in upper or "%{LA-F:" in upper


def _empty(_run: Run) -> str:
    return ""


def _field(name: str) -> Callable[[Run], str]:
    key = name.lower()
    varies = key != "host"

    def look_up(run: Run) -> str:
        value = run.exchange.field(key)
        if value is None:
            return ""
        if varies:
            run.vary_this.append(name)
        return value

    return look_up


def _time(form: str) -> Callable[[Run], str]:
    return lambda _run: time.strftime(form)


def environment(exchange: Exchange, name: str) -> str:
    """A variable of the request: its notes first, the process's own last."""
    value = exchange.notes.get(name)
    if value is None:
        value = exchange.env.get(name)
    if value is None:
        value = os.environ.get(name, "")
    return value
