"""mod_authn_core: AuthType, AuthName, `<AuthnProviderAlias>`; what is said where no module serves
the type.

Laws:
- AuthType None takes back an outer AuthType.
- A type without anything required, or without a module that serves it, is 500: whoever wrote it
  wanted the place guarded.
"""

from __future__ import annotations

import dataclasses

from revproxy.authn.providers import find_provider, is_provider
from revproxy.authn.settings import CoreSettings, core_of
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Alias, AsyncHook, Hook, Module, Scope, Server, Unset, text


def _auth_name(settings: CoreSettings, directive: Directive, _scope: Scope) -> CoreSettings:
    """The realm, with its quotes escaped as it stands in the challenge."""
    name = directive.values[0].replace("\\", "\\\\").replace('"', '\\"')
    return dataclasses.replace(settings, auth_name=name)


def _alias(settings: CoreSettings, directive: Directive, scope: Scope) -> CoreSettings:
    """`<AuthnProviderAlias base name>`: a provider with settings of its own."""
    base, name = directive.values[:2]
    if base == name:
        raise DirectiveError(
            "The alias provider name must be different from the base provider name.", argument=1
        )
    if is_provider(name, scope):
        raise DirectiveError(
            f"The alias provider {name} has already be registered previously as either a base "
            "provider or an alias provider.",
            argument=1,
        )
    find_provider(base, scope, 0)
    scope.aliases["authn", name] = Alias(base, settings=scope.contents(directive))
    return settings


def _authz(settings: CoreSettings, _server: Server) -> Hook | None:
    if isinstance(settings.auth_type, Unset):
        return None

    def check(exchange: Exchange) -> None:
        rules = exchange.plan.settings.get("mod_authz_core")
        required = rules is not None and not isinstance(rules.requires, Unset)
        if not required and settings.type_for(exchange) is not None:
            text = "AuthType configured with no corresponding authorization directives"
            raise HTTPError(500, text)

    return check


def _authn(settings: CoreSettings, _server: Server) -> AsyncHook | None:
    if isinstance(settings.auth_type, Unset):
        return None

    async def refuse(exchange: Exchange) -> None:
        kind = core_of(exchange).type_for(exchange)
        if kind is not None:
            raise HTTPError(500, f"AuthType {kind} configured without corresponding module")

    return refuse


MODULE = Module(
    name="mod_authn_core",
    settings=CoreSettings,
    directives={
        "authtype": text("auth_type"),
        "authname": _auth_name,
        "authnprovideralias": _alias,
    },
    hooks={"authz": _authz, "authn": _authn},
)
