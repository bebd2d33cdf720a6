"""mod_authn_anon: users who come in without a password, for the provider `anon`.

Laws:
- A section with any of its directives has none of those around it, as in Apache.
"""

from __future__ import annotations

import dataclasses

from revproxy.authn.settings import AnonymousSettings
from revproxy.config.tree import Directive
from revproxy.module import Module, Scope, flag


def _users(settings: AnonymousSettings, directive: Directive, _scope: Scope) -> AnonymousSettings:
    names = {word.lower() for word in directive.values}
    return dataclasses.replace(settings, users=settings.users | names)


MODULE = Module(
    name="mod_authn_anon",
    settings=AnonymousSettings,
    directives={
        "anonymous": _users,
        "anonymous_logemail": flag("log_address"),
        "anonymous_mustgiveemail": flag("must_give_address"),
        "anonymous_nouserid": flag("may_be_empty"),
        "anonymous_verifyemail": flag("verify_address"),
    },
)
