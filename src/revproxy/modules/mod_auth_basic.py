"""mod_auth_basic: user and password in an Authorization field (RFC 7617).

Laws:
- The user's name stands in the log as soon as it was said, right or wrong.
- Without AuthName nobody can be asked: 500.
- Where it is not authoritative, a user nobody knows is left to others; a wrong password never.
"""

from __future__ import annotations

import dataclasses

from revproxy.authn.basic import make_basic, parse_basic
from revproxy.authn.providers import (
    FILE_ALONE,
    Verdict,
    check_password,
    check_realm,
    parse_providers,
)
from revproxy.authn.settings import BasicSettings, core_of, value_of
from revproxy.authz.challenge import unauthorized
from revproxy.config.expr import compile_string
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.module import AsyncHook, Hook, Module, Scope, Server, Unset, flag, value_or


def _provider(settings: BasicSettings, directive: Directive, scope: Scope) -> BasicSettings:
    known = value_or(settings.providers, ())
    return dataclasses.replace(settings, providers=(*known, *parse_providers(directive, scope)))


def _fake(settings: BasicSettings, directive: Directive, _scope: Scope) -> BasicSettings:
    user, *rest = directive.values
    if user.lower() == "off" and not rest:
        return dataclasses.replace(settings, fake_user="", fake_password="")
    try:
        made = [compile_string(word) for word in (user, *rest)]
    except ValueError as error:
        raise DirectiveError(str(error), argument=0) from None
    password = made[1] if rest else "password"
    return dataclasses.replace(settings, fake_user=made[0], fake_password=password)


def _digest(settings: BasicSettings, directive: Directive, _scope: Scope) -> BasicSettings:
    word = directive.values[0]
    if word.lower() not in ("md5", "off"):
        raise DirectiveError(
            f"Invalid algorithm in AuthBasicUseDigestAlgorithm: {word}", argument=0
        )
    return dataclasses.replace(settings, digest=word.lower() == "md5")


def _authn(settings: BasicSettings, _server: Server) -> AsyncHook | None:
    providers = value_or(settings.providers, FILE_ALONE)
    by_realm = value_or(settings.digest, False)

    async def authenticate(exchange: Exchange) -> bool:
        core = core_of(exchange)
        if core.type_for(exchange) != "basic":
            return False
        realm = value_of(core.auth_name, exchange)
        if realm is None:
            raise HTTPError(500, f"need AuthName: {exchange.path}")
        exchange.auth_type = "Basic"
        exchange.challenge = lambda: f'Basic realm="{realm}"'
        user, password = _credentials(exchange)
        exchange.user = user
        if by_realm:
            verdict = check_realm(providers, exchange, user, password, realm)
        else:
            verdict = await check_password(providers, exchange, user, password)
        if verdict is Verdict.GRANTED:
            return True
        if verdict is Verdict.UNKNOWN and not value_or(settings.authoritative, True):
            return False
        what = "not found" if verdict is Verdict.UNKNOWN else "authentication failure for"
        mismatch = "" if verdict is Verdict.UNKNOWN else ": Password Mismatch"
        raise unauthorized(exchange, f"user {user}: {what} {exchange.path}{mismatch}")

    return authenticate


def _credentials(exchange: Exchange) -> tuple[str, str]:
    """User and password as the client gave them. Raises HTTPError 401."""
    field = exchange.fields.get("authorization")
    if field is None:
        raise unauthorized(exchange, "")
    found = parse_basic(field)
    if found is None:
        raise unauthorized(exchange, f"client used wrong authentication scheme: {exchange.path}")
    return found


def _fixups(settings: BasicSettings, _server: Server) -> Hook | None:
    if isinstance(settings.fake_user, Unset) or settings.fake_user == "":
        return None

    def pretend(exchange: Exchange) -> None:
        user = value_of(settings.fake_user, exchange)
        password = value_of(settings.fake_password, exchange)
        if user and password:
            exchange.fields.set("Authorization", make_basic(user, password))

    return pretend


MODULE = Module(
    name="mod_auth_basic",
    settings=BasicSettings,
    directives={
        "authbasicprovider": _provider,
        "authbasicauthoritative": flag("authoritative"),
        "authbasicfake": _fake,
        "authbasicusedigestalgorithm": _digest,
    },
    hooks={"authn": _authn, "fixups": _fixups},
)
