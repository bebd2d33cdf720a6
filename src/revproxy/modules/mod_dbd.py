"""mod_dbd: the database that other modules ask.

Laws:
- SQLite is there, as Python brings it; another driver is refused by name.
- A child process has one connection; what sizes Apache's pool is inert.
"""

from __future__ import annotations

import dataclasses

from revproxy.config.tree import Directive
from revproxy.errors import UnimplementedError
from revproxy.module import Module, Scope, Unset, append, overlay, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the database is, and what is said to it first."""

    driver: str | Unset = setting()
    params: str | Unset = setting()
    init: tuple[str, ...] | Unset = setting(append)
    prepared: dict[str, str] | Unset = setting(overlay)


def _driver(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0]
    if word.lower() not in ("sqlite3", "sqlite"):
        raise UnimplementedError(
            f"DBDriver: the driver '{word}' is not implemented, but sqlite3", argument=0
        )
    return dataclasses.replace(settings, driver="sqlite3")


def _params(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    return dataclasses.replace(settings, params=directive.values[0])


def _init(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    return dataclasses.replace(settings, init=(*value_or(settings.init, ()), directive.values[0]))


def _prepare(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    query, *label = directive.values
    prepared = {**value_or(settings.prepared, {}), (label or [query])[0]: query}
    return dataclasses.replace(settings, prepared=prepared)


MODULE = Module(
    name="mod_dbd",
    settings=Settings,
    directives={
        "dbdriver": _driver,
        "dbdparams": _params,
        "dbdinitsql": _init,
        "dbdpreparesql": _prepare,
    },
)
