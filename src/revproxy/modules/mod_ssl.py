"""mod_ssl: TLS towards origins.

The order of the parts: words (`tls/words.py`) to settings, settings to contexts (`tls/origin.py`),
and a hook that tells the proxy which one a request's connections are secured with.
"""

from __future__ import annotations

from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Server, flag, value_or
from revproxy.tls import words
from revproxy.tls.settings import Settings


def _fixups(settings: Settings, server: Server) -> Hook | None:
    """Tell what secures a connection to an origin."""
    if not value_or(settings.proxy_engine, False):
        return None
    # Certificates are read where a plan is made, not where a file is checked.
    from revproxy.tls.origin import origin_tls

    secured_with = origin_tls(settings, server)

    def tell(exchange: Exchange) -> None:
        exchange.origin_tls = secured_with

    return tell


MODULE = Module(
    name="mod_ssl",
    settings=Settings,
    directives={
        "sslproxyengine": flag("proxy_engine"),
        "sslproxyprotocol": words.protocols("proxy_protocols"),
        "sslproxyciphersuite": words.ciphers("proxy_ciphers", "proxy_ciphers13"),
        "sslproxyverify": words.verify("proxy_verify"),
        "sslproxyverifydepth": words.depth("proxy_depth"),
        "sslproxycacertificatefile": words.file("proxy_ca_file"),
        "sslproxycacertificatepath": words.folder("proxy_ca_path"),
        "sslproxycarevocationcheck": words.revocation("proxy_crl_check"),
        "sslproxycarevocationfile": words.file("proxy_crl_file"),
        "sslproxycarevocationpath": words.folder("proxy_crl_path"),
        "sslproxymachinecertificatefile": words.file("proxy_machine_file"),
        "sslproxymachinecertificatepath": words.folder("proxy_machine_path"),
        "sslproxymachinecertificatechainfile": words.file("proxy_machine_chain"),
        "sslproxycheckpeername": flag("proxy_check_name"),
        "sslproxycheckpeercn": flag("proxy_check_cn"),
        "sslproxycheckpeerexpire": flag("proxy_check_expire"),
    },
    hooks={"fixups": _fixups},
)
