"""The settings of mod_proxy, which its directives fill and its engine reads."""

from __future__ import annotations

from typing import Final

from revproxy.module import Unset, append, setting
from revproxy.proxy.mapping import ProxyPass
from revproxy.proxy.reverse import CookieRule, ReverseRule
from revproxy.proxy.target import WorkerDefinition
from revproxy.records import dataclass

SUPPORTED_SCHEMES: Final = frozenset(("http", "https", "ws", "wss"))


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives of mod_proxy, server and per-directory ones."""

    passes: tuple[ProxyPass, ...] | Unset = setting(append)
    location_pass: ProxyPass | Unset = setting()
    definitions: tuple[WorkerDefinition, ...] | Unset = setting(append)
    reverses: tuple[ReverseRule, ...] | Unset = setting(append)
    cookie_domains: tuple[CookieRule, ...] | Unset = setting(append)
    cookie_paths: tuple[CookieRule, ...] | Unset = setting(append)
    preserve_host: bool | Unset = setting()
    add_headers: bool | Unset = setting()
    continue_100: bool | Unset = setting()
    interpolate: bool | Unset = setting()
    error_override: tuple[bool, frozenset[int]] | Unset = setting()
    """On or off, and the codes it is limited to (none: all from 400)."""
    via: str | Unset = setting()
    timeout: float | Unset = setting()
    bad_header: str | Unset = setting()
    max_forwards: int | Unset = setting()
    announces: int | Unset = setting()
    blocks: tuple[str, ...] | Unset = setting(append)
    receive_buffer: int | Unset = setting()
    source_address: str | Unset = setting()
    inherit: bool | Unset = setting()
    requests: bool | Unset = setting()
