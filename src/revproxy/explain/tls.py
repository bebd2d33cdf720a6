"""The TLS of a request that is made up: what a client of today would have agreed on.

Laws:
- The client names the host of its URL (SNI), has no certificate, and speaks TLS 1.3.
- Of our own certificate the variables are told where it is there to be read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from revproxy.plan.match import NameTable
from revproxy.plan.plan import VirtualHost

_AGREED: Final[Mapping[str, str]] = {
    "HTTPS": "on",
    "SSL_PROTOCOL": "TLSv1.3",
    "SSL_CIPHER": "TLS_AES_256_GCM_SHA384",
    "SSL_CIPHER_EXPORT": "false",
    "SSL_CIPHER_USEKEYSIZE": "256",
    "SSL_CIPHER_ALGKEYSIZE": "256",
    "SSL_COMPRESS_METHOD": "NULL",
    "SSL_SECURE_RENEG": "true",
    "SSL_SESSION_RESUMED": "Initial",
    "SSL_CLIENT_VERIFY": "NONE",
    "SSL_VERSION_INTERFACE": "mod_ssl/revproxy",
}


class PlayedTls:
    """A session that never was, for the phases to ask."""

    client: Any = None
    """The client shows no certificate."""
    was_asked = True
    cannot_be_asked = False

    def __init__(self, names: NameTable[VirtualHost], host: str) -> None:
        self.server_name = None if _is_address(host) else host
        found = names.find(host.lower()) if self.server_name is not None else None
        chosen = found if found is not None and found.tls is not None else names.default
        self.tls: Any = chosen.tls
        """None where the certificates are not there."""
        self.is_among_many = names.is_shared

    def variable(self, name: str) -> str | None:
        """The value of a variable SSL_* by its name in upper case; None for none."""
        if name == "SSL_TLS_SNI":
            return self.server_name
        if name.startswith("SSL_SERVER_") and self.tls is not None:
            value: str | None = self.tls.certificate.variable(name[11:])
            return value
        return _AGREED.get(name)

    def standard(self) -> dict[str, str]:
        """What SSLOptions +StdEnvVars sets."""
        found = {name: value for name, value in _AGREED.items() if name != "HTTPS"}
        if self.tls is not None:
            found.update(self.tls.certificate.parts("SSL_SERVER_"))
        return found

    def certificates(self) -> dict[str, str]:
        """What SSLOptions +ExportCertData sets."""
        return {
            "SSL_SERVER_CERT": self.variable("SSL_SERVER_CERT") or "",
            "SSL_CLIENT_CERT": "",
        }


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
