"""The settings of mod_ssl, which its directives fill and the rest of this room reads."""

from __future__ import annotations

from revproxy.config.expr import Condition
from revproxy.errors import Location
from revproxy.module import Unset, append, setting
from revproxy.records import dataclass
from revproxy.tls.options import Options, merge_options
from revproxy.tls.words import Said


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives of mod_ssl, server and per-directory ones."""

    engine: str | Unset = setting()
    engine_at: Location | Unset = setting()
    certificates: tuple[Said, ...] | Unset = setting(append)
    keys: tuple[Said, ...] | Unset = setting(append)
    chain_file: Said | Unset = setting()
    pass_phrase: Said | Unset = setting()
    protocols: frozenset[str] | Unset = setting()
    ciphers: Said | Unset = setting()
    ciphers13: Said | Unset = setting()
    honor_order: bool | Unset = setting()
    tickets: bool | Unset = setting()
    commands: tuple[tuple[str, Said], ...] | Unset = setting(append)
    """SSLOpenSSLConfCmd: names in lower case, and values."""
    verify_client: str | Unset = setting()
    kept_body: int | Unset = setting()
    verify_depth: int | Unset = setting()
    ca_file: Said | Unset = setting()
    ca_path: Said | Unset = setting()
    crl_check: str | Unset = setting()
    crl_file: Said | Unset = setting()
    crl_path: Said | Unset = setting()
    strict_sni: bool | Unset = setting()
    sni_policy: str | Unset = setting()
    require_ssl: bool | Unset = setting()
    requires: tuple[Condition, ...] | Unset = setting(append)
    options: Options | Unset = setting(merge_options)
    user_name: str | Unset = setting()
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
