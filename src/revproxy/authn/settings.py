"""The settings of the authentication modules, which look at each other's through these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from revproxy.http.message import Exchange
from revproxy.module import Unset, setting

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
class BasicSettings:
    """mod_auth_basic."""

    providers: tuple[str, ...] | Unset = setting()
    authoritative: bool | Unset = setting()
    fake_user: Value | Unset = setting()
    fake_password: Value | Unset = setting()
    digest: bool | Unset = setting()


_CORE = CoreSettings()


def core_of(exchange: Exchange) -> CoreSettings:
    """AuthType and AuthName in force for a request."""
    settings: CoreSettings = exchange.plan.settings.get("mod_authn_core", _CORE)
    return settings
