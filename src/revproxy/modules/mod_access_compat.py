"""mod_access_compat: Order, Allow, Deny, Satisfy, beside the Require of today.

Laws:
- Denied is 403, before anybody is asked for a password.
- Satisfy Any lets in who passes these lists, or else who passes Require (`phases`).
"""

from __future__ import annotations

import dataclasses
from typing import Final

from revproxy.authz.compat import AccessSettings, Line, host_test, is_admitted
from revproxy.authz.names import look_up_client
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Parser, Scope, Server, Unset

_ORDERS: Final = ("allow,deny", "deny,allow", "mutual-failure")


def _order(settings: AccessSettings, directive: Directive, scope: Scope) -> AccessSettings:
    word = directive.values[0].lower()
    if word not in _ORDERS:
        raise DirectiveError(
            f"unknown order '{directive.values[0]}'",
            argument=0,
            hint="Allow,Deny or Deny,Allow, without a space",
        )
    methods, excepted = scope.methods, scope.methods_excepted
    line = Line(methods, excepted, word, location=directive.location)
    known = settings.orders
    known = () if isinstance(known, Unset) else known
    return dataclasses.replace(settings, orders=(*known, line))


def _satisfy(settings: AccessSettings, directive: Directive, scope: Scope) -> AccessSettings:
    word = directive.values[0].lower()
    if word not in ("any", "all"):
        raise DirectiveError("Satisfy either 'any' or 'all'.", argument=0)
    line = Line(scope.methods, scope.methods_excepted, word)
    known = settings.satisfies
    known = () if isinstance(known, Unset) else known
    return dataclasses.replace(settings, satisfies=(*known, line))


def _list(name: str) -> Parser:
    def parse(settings: AccessSettings, directive: Directive, scope: Scope) -> AccessSettings:
        first, *words = directive.values
        if first.lower() != "from":
            raise DirectiveError("allow and deny must be followed by 'from'", argument=0)
        lines = []
        for number, word in enumerate(words, 1):
            try:
                test, by_name = host_test(word)
            except ValueError as error:
                raise DirectiveError(str(error), argument=number) from None
            methods, excepted = scope.methods, scope.methods_excepted
            lines.append(Line(methods, excepted, directive.name, test, by_name, directive.location))
        known = getattr(settings, name)
        known = () if isinstance(known, Unset) else known
        return dataclasses.replace(settings, **{name: (*known, *lines)})

    return parse


def _names(settings: AccessSettings, _server: Server) -> Hook | None:
    for lines in (settings.allows, settings.denies):
        if not isinstance(lines, Unset) and any(line.by_name for line in lines):
            return look_up_client
    return None


def _access(settings: AccessSettings, _server: Server) -> Hook | None:
    if isinstance(settings.denies, Unset) and isinstance(settings.orders, Unset):
        return None

    def check(exchange: Exchange) -> None:
        if not is_admitted(settings, exchange):
            raise HTTPError(403, "client denied by server configuration")

    return check


MODULE = Module(
    name="mod_access_compat",
    settings=AccessSettings,
    directives={
        "order": _order,
        "allow": _list("allows"),
        "deny": _list("denies"),
        "satisfy": _satisfy,
    },
    hooks={"names": _names, "access": _access},
)
