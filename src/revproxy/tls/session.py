"""A client's TLS connection, as requests on it may ask: the variables SSL_* (mod_ssl).

Laws:
- A variable is made when it is first asked for, and kept for the connection: certificates are read
  once, not once a request.
- What there is not is None; whoever shows it decides how.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final

from revproxy.tls.certificate import Certificate
from revproxy.tls.client import ClientTls

STANDARD: Final = (
    "SSL_VERSION_INTERFACE", "SSL_VERSION_LIBRARY", "SSL_PROTOCOL", "SSL_SECURE_RENEG",
    "SSL_COMPRESS_METHOD", "SSL_CIPHER", "SSL_CIPHER_EXPORT", "SSL_CIPHER_USEKEYSIZE",
    "SSL_CIPHER_ALGKEYSIZE", "SSL_CLIENT_VERIFY", "SSL_CLIENT_M_VERSION", "SSL_CLIENT_M_SERIAL",
    "SSL_CLIENT_V_START", "SSL_CLIENT_V_END", "SSL_CLIENT_V_REMAIN", "SSL_CLIENT_S_DN",
    "SSL_CLIENT_I_DN", "SSL_CLIENT_A_KEY", "SSL_CLIENT_A_SIG", "SSL_CLIENT_CERT_RFC4523_CEA",
    "SSL_SERVER_M_VERSION", "SSL_SERVER_M_SERIAL", "SSL_SERVER_V_START", "SSL_SERVER_V_END",
    "SSL_SERVER_S_DN", "SSL_SERVER_I_DN", "SSL_SERVER_A_KEY", "SSL_SERVER_A_SIG",
    "SSL_SESSION_ID", "SSL_SESSION_RESUMED",
)  # fmt: skip
"""What SSLOptions +StdEnvVars puts into the environment, names' parts besides."""


class Session:
    """What is known of a TLS connection (`http.message.Tls`)."""

    __slots__ = (
        "_client",
        "_known",
        "_sock",
        "cannot_be_asked",
        "is_among_many",
        "server_name",
        "tls",
        "was_asked",
    )

    def __init__(
        self, sock: ssl.SSLSocket, tls: ClientTls, server_name: str | None, *, is_among_many: bool
    ) -> None:
        self._sock = sock
        self.tls = tls
        self.server_name = server_name
        """What the client asked for (SNI)."""
        self.is_among_many = is_among_many
        """The address has virtual hosts by name."""
        self._known: dict[str, str | None] = {}
        self.was_asked = tls.verify != "later"
        """Asked for a certificate, as far as it can be."""
        self.cannot_be_asked = False
        """It has not said that it takes the question amid a connection (RFC 8446, 4.2.6)."""
        self._client: Certificate | None = None
        if tls.verify != "none":
            self.renew()

    def renew(self) -> None:
        """Take the certificate that the client has shown. Raises ValueError."""
        self._known.clear()
        der = self._sock.getpeercert(binary_form=True)
        self._client = Certificate(der) if der else None

    @property
    def client(self) -> Certificate | None:
        """The client's certificate, verified; None where it showed none."""
        return self._client

    @property
    def server(self) -> Certificate:
        """Our own."""
        return self.tls.certificate

    def chain_length(self) -> int:
        """The certificates from the client's to the root; 0 without one."""
        return len(self._certificates("get_verified_chain"))

    def variable(self, name: str) -> str | None:
        """The value of a variable by its name in upper case, SSL_ or HTTPS; None for none."""
        known = self._known
        if name not in known:
            known[name] = self._find(name)
        return known[name]

    def standard(self) -> dict[str, str]:
        """What SSLOptions +StdEnvVars sets."""
        found = {name: value for name in STANDARD if (value := self.variable(name))}
        found.update(self.server.parts("SSL_SERVER_"))
        if self._client is not None:
            found.update(self._client.parts("SSL_CLIENT_"))
        return found

    def certificates(self) -> dict[str, str]:
        """What SSLOptions +ExportCertData sets."""
        names = ["SSL_SERVER_CERT", "SSL_CLIENT_CERT"]
        names += (f"SSL_CLIENT_CERT_CHAIN_{index}" for index in range(len(self._chain())))
        return {name: self.variable(name) or "" for name in names}

    def _find(self, name: str) -> str | None:
        if name == "HTTPS":
            return "on"
        plain = _PLAIN.get(name)
        if plain is not None:
            return plain(self)
        if name.startswith("SSL_CLIENT_CERT_CHAIN_"):
            return self._chain_member(name[len("SSL_CLIENT_CERT_CHAIN_") :])
        if name.startswith("SSL_CLIENT_"):
            return None if self._client is None else self._client.variable(name[11:])
        if name.startswith("SSL_SERVER_"):
            return self.server.variable(name[11:])
        return None

    @property
    def sock(self) -> ssl.SSLSocket:
        return self._sock

    def _chain(self) -> list[Any]:
        """What the client sent, its own certificate first."""
        return self._certificates("get_unverified_chain")

    def _certificates(self, method: str) -> list[Any]:
        """What a method of the socket gives that is public from Python 3.13 on."""
        source: Any = self._sock
        if self._client is None:
            return []
        if not hasattr(source, method):
            source = source._sslobj
        return list(getattr(source, method)() or ())

    def _chain_member(self, number: str) -> str | None:
        chain = self._chain()
        if not (number.isascii() and number.isdigit()) or int(number) + 1 >= len(chain):
            return None
        member = chain[int(number) + 1]
        pem: str = member if isinstance(member, str) else _pem(member)
        return pem


def _pem(member: Any) -> str:
    return ssl.DER_cert_to_PEM_cert(member if isinstance(member, bytes) else member.public_bytes(2))


def _cipher(session: Session) -> tuple[str, str, int]:
    return session.sock.cipher() or ("", "", 0)


def _session_id(session: Session) -> str:
    found = session.sock.session
    return found.id.hex().upper() if found is not None else ""


_PLAIN: Final[dict[str, Callable[[Session], str | None]]] = {
    "SSL_PROTOCOL": lambda session: session.sock.version(),
    "SSL_CIPHER": lambda session: _cipher(session)[0],
    "SSL_CIPHER_EXPORT": lambda _session: "false",
    "SSL_CIPHER_USEKEYSIZE": lambda session: str(_cipher(session)[2]),
    "SSL_CIPHER_ALGKEYSIZE": lambda session: str(_cipher(session)[2]),
    "SSL_COMPRESS_METHOD": lambda _session: "NULL",
    # OpenSSL 3 takes no other clients, and TLS 1.3 has no renegotiation to be unsafe.
    "SSL_SECURE_RENEG": lambda _session: "true",
    "SSL_SESSION_ID": _session_id,
    "SSL_SESSION_RESUMED": lambda session: "Resumed" if session.sock.session_reused else "Initial",
    "SSL_TLS_SNI": lambda session: session.server_name,
    "SSL_CLIENT_VERIFY": lambda session: "NONE" if session.client is None else "SUCCESS",
    "SSL_CLIENT_CERT_RFC4523_CEA": lambda session: (
        None if session.client is None else session.client.exact_assertion
    ),
    "SSL_VERSION_INTERFACE": lambda _session: "mod_ssl/revproxy",
    "SSL_VERSION_LIBRARY": lambda _session: "/".join(ssl.OPENSSL_VERSION.split()[:2]),
}
