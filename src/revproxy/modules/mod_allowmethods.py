"""mod_allowmethods: which methods may be asked for at all.

Laws:
- It is looked at before anything else of access: 405, whoever the client is.
- The methods of one section add up; those of an inner section replace the outer ones.
"""

from __future__ import annotations

import dataclasses

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.http.methods import METHODS
from revproxy.module import Hook, Module, Scope, Server, Unset, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """In the order they were named; () for all."""

    methods: tuple[str, ...] | Unset = setting()


def _parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = directive.values
    if not words:
        raise DirectiveError("AllowMethods: No method or 'reset' keyword given")
    if len(words) == 1 and words[0].lower() == "reset":
        return Settings(())
    for index, word in enumerate(words):
        if word not in METHODS:
            raise DirectiveError(f"AllowMethods: Invalid Method '{word}'", argument=index)
    return dataclasses.replace(settings, methods=(*value_or(settings.methods, ()), *words))


def _access(settings: Settings, _server: Server) -> Hook | None:
    methods = value_or(settings.methods, ())
    if not methods:
        return None
    allowed = frozenset((*methods, "HEAD") if "GET" in methods else methods)

    def check(exchange: Exchange) -> None:
        if exchange.method not in allowed:
            what = exchange.filename or f"uri {exchange.path}"
            text = f"client method denied by server configuration: '{exchange.method}' to {what}"
            raise HTTPError(405, text)

    return check


MODULE = Module(
    name="mod_allowmethods",
    settings=Settings,
    directives={"allowmethods": _parse},
    hooks={"access": _access},
)
