"""mod_env: variables of the environment for every request (SetEnv, UnsetEnv, PassEnv).

They are set in the fixups: what runs before (SetEnvIf, conditions of rewriting) does not see them.
"""

from __future__ import annotations

import dataclasses
import os

from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, Severity
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, append, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What to do to the environment, in order; a value of None unsets."""

    changes: tuple[tuple[str, str | None], ...] | Unset = setting(append)


def _with(settings: Settings, *changes: tuple[str, str | None]) -> Settings:
    return dataclasses.replace(settings, changes=(*value_or(settings.changes, ()), *changes))


def _parse_set(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    name, *value = directive.values
    return _with(settings, (name, value[0] if value else ""))


def _parse_unset(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    return _with(settings, *((name, None) for name in directive.values))


def _parse_pass(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    changes = []
    for word in directive.args:
        value = os.environ.get(word.text)
        if value is None:
            text = f"PassEnv variable {word.text} was undefined"
            scope.warn(Diagnostic("RP511", Severity.WARNING, word.location, text))
        else:
            changes.append((word.text, value))
    return _with(settings, *changes)


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    final = dict(value_or(settings.changes, ()))
    if not final:
        return None
    fixed = {name: value for name, value in final.items() if value is not None}
    removed = tuple(name for name, value in final.items() if value is None)

    def fix(exchange: Exchange) -> None:
        exchange.env.update(fixed)
        for name in removed:
            exchange.env.pop(name, None)

    return fix


MODULE = Module(
    name="mod_env",
    settings=Settings,
    directives={"setenv": _parse_set, "unsetenv": _parse_unset, "passenv": _parse_pass},
    hooks={"fixups": _fixups},
)
