"""Handlers by name (SetHandler, AddHandler, the flag H): files, or an origin as `proxy:URL`.

Laws:
- A handler that is not there is refused at load: what it should make would be sent as it is.
- An origin is asked for the name of the file behind its URL, without path_info.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from revproxy.config.expr import compile_text
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, UnimplementedError
from revproxy.http.message import Exchange
from revproxy.http.uri import parse_url
from revproxy.module import Scope, Server
from revproxy.proxy.settings import SUPPORTED_SCHEMES
from revproxy.proxy.target import split_unix

Handler: TypeAlias = str | Callable[[Exchange], str | None]
"""A name, or what makes one of a request; None where that fails."""

PROXY: Final = "proxy:"
_PLAIN: Final = frozenset(
    ("none", "default-handler", "server-status", "type-map", "application/x-type-map")
)


def check_handler(word: str, argument: int) -> str:
    """The name as it counts. Raises DirectiveError for a handler that is not there."""
    name = folded(word)
    if name in _PLAIN:
        return name
    if not name.startswith(PROXY):
        raise UnimplementedError(f"the handler '{word}' is not implemented", argument=argument)
    unix, url = split_unix(name.removeprefix(PROXY))
    scheme = url.partition("://")[0]
    if scheme not in SUPPORTED_SCHEMES:
        text = f"the scheme {scheme}: of the handler '{word}' is not implemented"
        raise UnimplementedError(text, argument=argument)
    try:
        parse_url(url)
    except ValueError as error:
        if not unix:
            raise DirectiveError(f"{word}: {error}", argument=argument) from None
    return name


def folded(word: str) -> str:
    """A name in lower case, but for the path of a socket."""
    return word if PROXY + "unix" in word else word.lower()


def parse_set_handler(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`SetHandler name|none|expression` to `handler`."""
    word = directive.values[0]
    handler: Handler
    if "%{" in word or re.search(r"\$[0-9]", word):
        try:
            handler = compile_text(word)
        except ValueError as error:
            message = f"Can't parse expression : {error}"
            raise DirectiveError(message, argument=0) from None
    else:
        handler = check_handler(word, 0)
    return dataclasses.replace(settings, handler=handler)


def choose_handler(exchange: Exchange, handler: Handler) -> None:
    """Let a handler answer a request that goes to a file. Raises HTTPError 500."""
    if not isinstance(handler, str):
        name = handler(exchange)
        if name is None:
            raise HTTPError(500, "Can't evaluate handler expression")
        handler = folded(name)
    if handler != "none":
        exchange.handler = handler


def go_to_origin(exchange: Exchange, server: Server) -> None:
    """Send a request to the origin that its handler names. Raises HTTPError."""
    from revproxy.proxy.rewritten import send_to_origin

    assert exchange.handler is not None
    # A name that is no path could become a part of the host's.
    name = "/" + (exchange.filename or "").lstrip("/")
    url = exchange.handler.removeprefix(PROXY) + name
    send_to_origin(exchange, server, url, is_escaped=False)
