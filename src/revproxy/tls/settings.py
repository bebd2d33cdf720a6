"""The settings of mod_ssl, which its directives fill and the rest of this room reads."""

from __future__ import annotations

from dataclasses import dataclass

from revproxy.module import Unset, setting
from revproxy.tls.words import Said


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives of mod_ssl, server and per-directory ones."""

    proxy_engine: bool | Unset = setting()
    proxy_protocols: frozenset[str] | Unset = setting()
    proxy_ciphers: Said | Unset = setting()
    proxy_ciphers13: Said | Unset = setting()
    proxy_verify: str | Unset = setting()
    proxy_depth: int | Unset = setting()
    proxy_ca_file: Said | Unset = setting()
    proxy_ca_path: Said | Unset = setting()
    proxy_crl_check: str | Unset = setting()
    proxy_crl_file: Said | Unset = setting()
    proxy_crl_path: Said | Unset = setting()
    proxy_machine_file: Said | Unset = setting()
    proxy_machine_path: Said | Unset = setting()
    proxy_machine_chain: Said | Unset = setting()
    proxy_check_name: bool | Unset = setting()
    proxy_check_cn: bool | Unset = setting()
    proxy_check_expire: bool | Unset = setting()
