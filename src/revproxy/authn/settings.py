"""The settings of the authentication modules, which look at each other's through these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from revproxy.http.message import Exchange
from revproxy.module import Unset, setting
from revproxy.records import dataclass

Value = str | Callable[[Exchange], str]
"""A constant, or an expression of the request."""


def value_of(value: Value | Unset, exchange: Exchange) -> str | None:
    """The value for a request; None where there is none."""
    if isinstance(value, Unset):
        return None
    return value if isinstance(value, str) else value(exchange)


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """mod_authn_core."""

    auth_type: Value | Unset = setting()
    auth_name: Value | Unset = setting()

    def type_for(self, exchange: Exchange) -> str | None:
        """The scheme in force, in lower case; None for none (`ap_auth_type`)."""
        name = (value_of(self.auth_type, exchange) or "none").lower()
        return None if name == "none" else name


@dataclass(frozen=True, slots=True)
class FileSettings:
    """mod_authn_file."""

    file: str | Unset = setting()


@dataclass(frozen=True, slots=True)
class AnonymousSettings:
    """mod_authn_anon: `users` in lower case, "*" for all; Apache does not merge them."""

    users: frozenset[str] = frozenset()
    may_be_empty: bool = False
    must_give_address: bool = True
    verify_address: bool = False
    log_address: bool = True

    @classmethod
    def merged(cls, _outer: AnonymousSettings, inner: AnonymousSettings) -> AnonymousSettings:
        """The inner section's, whatever it leaves out."""
        return inner


@dataclass(frozen=True, slots=True)
class Provider:
    """Who knows users: `kind` is file, anon or socache, `settings` an alias's own."""

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """mod_auth_digest; `lifetime` in seconds, 0 for nonces that serve once, below for ever."""

    providers: tuple[Provider, ...] | Unset = setting()
    domain: tuple[str, ...] | Unset = setting()
    lifetime: int | Unset = setting()
    check_count: bool | Unset = setting()


@dataclass(frozen=True, slots=True)
class BasicSettings:
    """mod_auth_basic."""

    providers: tuple[Provider, ...] | Unset = setting()
    authoritative: bool | Unset = setting()
    fake_user: Value | Unset = setting()
    fake_password: Value | Unset = setting()
    digest: bool | Unset = setting()


_CORE = CoreSettings()


def core_of(exchange: Exchange) -> CoreSettings:
    """AuthType and AuthName in force for a request."""
    settings: CoreSettings = exchange.plan.settings.get("mod_authn_core", _CORE)
    return settings
