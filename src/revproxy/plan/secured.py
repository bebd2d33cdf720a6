"""How virtual hosts speak TLS, found at load: what cannot be used is told before anybody serves."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from revproxy.config.merge import ServerConfig
from revproxy.module import Server, value_or
from revproxy.modules import mod_ssl, mpm_common
from revproxy.plan.conditional import entry_of
from revproxy.plan.plan import VirtualHost

if TYPE_CHECKING:
    from revproxy.tls.client import ClientTls

_NAME = mod_ssl.MODULE.name


def client_tls_of(
    config: ServerConfig, server: Server, listens: Sequence[mpm_common.Listen], modules: Set[str]
) -> ClientTls | None:
    """How a host speaks TLS; without a word of its own, as the Listen lines say.

    Its hooks find it in `server.shared`. Raises ConfigError.
    """
    settings = config.settings.get(_NAME)
    if _NAME not in modules or settings is None:
        return None
    ports = {port for _, port in server.addresses} or {server.port}
    asks = any(item.protocol == "https" and item.port in ports for item in listens)
    if value_or(settings.engine, "on" if asks else "off") == "off":
        return None
    # Certificates are read where there is TLS, and the library for them loaded.
    from revproxy.tls.client import client_tls

    found = client_tls(settings, server, asks_later=_asks_in_sections(config))
    server.shared["mod_ssl.client"] = found
    return found


def _asks_in_sections(config: ServerConfig) -> bool:
    """Whether some section wants certificates of clients."""
    sections = [
        *(config.locations + config.directories + config.files + config.proxies + config.ifs)
    ]
    while sections:
        section = sections.pop()
        settings = section.settings.get(_NAME)
        if settings is not None and value_or(settings.verify_client, "none") != "none":
            return True
        sections += section.children
    return False


def check_sections(host: VirtualHost, config: ServerConfig) -> None:
    """Make the plan of each section that names certificates once. Raises ConfigError."""
    kinds = (
        ("proxy", config.proxies),
        ("location", config.locations),
        ("directory", config.directories),
    )
    for kind, sections in kinds:
        for section in sections:
            if _NAME in section.settings:
                host.plan((entry_of(kind, section),))
