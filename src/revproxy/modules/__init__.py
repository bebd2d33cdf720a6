"""The modules, in the order their hooks run within a phase.

The order is Apache's where it matters: what changes the client's address or the environment comes
first; rewriting and mapping before aliases, aliases before the document root; SetEnv and what TLS
knows behind those, RequestHeader last of the fixups; the default handler last of all.

A module in `ON_DEMAND` does nothing unless a configuration names a directive or a filter of it: it
is imported only then, so that commands start fast. Every other one may act by itself.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Final

from revproxy.module import Module

ORDER: Final = (
    "mpm_common",
    "mod_unixd",
    "mod_reqtimeout",
    "mod_unique_id",
    "mod_log_forensic",
    "mod_remoteip",
    "mpm_trio",
    "mod_allowmethods",
    "mod_setenvif",
    "mod_dbd",
    "mod_rewrite",
    "mod_proxy",
    "mod_proxy_http",
    "mod_alias",
    "mod_vhost_alias",
    "mod_env",
    "mod_ssl",
    "mod_access_compat",
    "mod_authn_anon",
    "mod_authn_file",
    "mod_auth_basic",
    "mod_auth_digest",
    "mod_authn_core",
    "mod_authz_groupfile",
    "mod_authz_core",
    "mod_log_config",
    "mod_logio",
    "mod_status",
    "mod_negotiation",
    "mod_dir",
    "mod_autoindex",
    "mod_mime",
    "mod_filter",
    "mod_xml2enc",
    "mod_proxy_html",
    "mod_substitute",
    "mod_sed",
    "mod_data",
    "mod_buffer",
    "mod_ratelimit",
    "mod_charset_lite",
    "mod_deflate",
    "mod_brotli",
    "mod_expires",
    "mod_headers",
    "core",
)

ON_DEMAND: Final[Mapping[str, tuple[str, ...]]] = {
    "mod_log_forensic": (),
    "mod_remoteip": (),
    "mod_allowmethods": (),
    "mod_setenvif": (),
    "mod_env": (),
    "mod_dbd": (),
    "mod_rewrite": (),
    "mod_vhost_alias": (),
    "mod_access_compat": (),
    "mod_authn_anon": (),
    "mod_authn_file": (),
    "mod_authz_groupfile": (),
    "mod_filter": (),
    "mod_xml2enc": ("xml2enc",),
    "mod_proxy_html": ("proxy-html", "proxyhtmlmodern", "proxyhtmltypes", "proxyhtmlserializer"),
    "mod_substitute": ("substitute",),
    "mod_sed": ("sed",),
    "mod_data": ("data",),
    "mod_buffer": ("buffer",),
    "mod_ratelimit": ("rate_limit",),
    "mod_charset_lite": (),
    "mod_deflate": ("deflate", "inflate", "deflatezstd"),
    "mod_brotli": ("brotli_compress",),
    "mod_expires": (),
    "mod_headers": (),
}
"""Modules that wait to be named, and what does so besides Apache's directives: their filters and
directives of our own."""

SILENT_UNLOADED: Final = frozenset(("mod_autoindex", "mod_negotiation", "mod_status"))
"""Modules whose being there alone changes answers or costs time: only where a file loads them."""


@functools.cache
def module(name: str) -> Module:
    """The module of that name."""
    found: Module = importlib.import_module(f"revproxy.modules.{name}").MODULE
    return found


@functools.cache
def all_modules() -> tuple[Module, ...]:
    """All of them, in order."""
    return tuple(map(module, ORDER))
