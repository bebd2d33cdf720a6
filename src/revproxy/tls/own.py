"""Our own certificates for origins (SSLProxyMachineCertificate*), and which of them one is shown.

Laws:
- An origin that names authorities is shown a certificate that one of them issued, itself or through
  the chain in the file; the first that fits, and none where none fits. One that names nobody is
  shown the first.
- What an origin asks for is read amid the handshake; malformed, it asks for nothing.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from revproxy.records import dataclass

CERTIFICATE: Final = re.compile(
    r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.*?-----END [A-Z0-9 ]*CERTIFICATE-----\n?", re.S
)
KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S
)
_BLOCK: Final = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]+)-----.*?-----END (?P=kind)-----\n?", re.S
)
_HANDSHAKE: Final = 22
_REQUEST: Final = 13
"""A record's type and a message's, by their numbers (RFC 8446, sections 5.1 and 4)."""
_AUTHORITIES: Final = 47
"""The extension that names authorities (RFC 8446, section 4.2.4)."""


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """A certificate with its chain and key, as PEM, and the names of who issued them (DER)."""

    pem: str
    issuers: tuple[bytes, ...]


def split_pairs(text: str) -> list[str]:
    """The certificates of a text that have their key in it, with key and the chain that follows.

    Raises ValueError.
    """
    blocks = [(match["kind"], f"{match[0].rstrip()}\n") for match in _BLOCK.finditer(text)]
    keys = {
        _public(load_pem_private_key(pem.encode("latin-1"), None).public_key()): pem
        for kind, pem in blocks
        if kind.endswith("PRIVATE KEY")
    }
    pairs: list[str] = []
    for kind, pem in blocks:
        if kind.endswith("CERTIFICATE"):
            found = x509.load_pem_x509_certificate(pem.encode("latin-1"))
            key = keys.get(_public(found.public_key()))
            if key is not None:
                pairs.append(pem + key)
            elif pairs:
                pairs[-1] += pem
    return pairs


def _public(key: Any) -> bytes:
    data: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def own_certificate(pem: str, chain: Sequence[str]) -> OwnCertificate:
    """A pair of a file, with the certificates of a chain file. Raises ValueError."""
    found = [*CERTIFICATE.findall(pem), *chain]
    issuers = [x509.load_pem_x509_certificate(item.encode("latin-1")).issuer for item in found]
    return OwnCertificate(
        "\n".join([pem, *chain]), tuple(issuer.public_bytes() for issuer in issuers)
    )


def requested_authorities(message: bytes, *, is_new: bool) -> list[bytes]:
    """The names (DER) in a CertificateRequest; `is_new`: of TLS 1.3. Raises ValueError."""
    reader = _Reader(message[4:])
    if is_new:
        reader.vector(1)
        extensions = _Reader(reader.vector(2))
        while extensions.left:
            kind = int.from_bytes(extensions.take(2), "big")
            data = extensions.vector(2)
            if kind == _AUTHORITIES:
                return _names(_Reader(data).vector(2))
        return []
    reader.vector(1)
    reader.vector(2)
    return _names(reader.vector(2))


def _names(data: bytes) -> list[bytes]:
    reader = _Reader(data)
    found = []
    while reader.left:
        found.append(reader.vector(2))
    return found


class _Reader:
    """Octets that are taken from the front."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def take(self, count: int) -> bytes:
        if len(self.left) < count:
            raise ValueError("cut short")
        data, self.left = self.left[:count], self.left[count:]
        return data

    def vector(self, size: int) -> bytes:
        """Octets behind their number, which has `size` octets."""
        return self.take(int.from_bytes(self.take(size), "big"))


def choose(certificates: Sequence[OwnCertificate], wanted: Sequence[bytes]) -> int | None:
    """Which certificate fits; None where none does."""
    if not wanted:
        return 0
    for name in wanted:
        for number, certificate in enumerate(certificates):
            if name in certificate.issuers:
                return number
    return None


def choose_when_asked(
    context: ssl.SSLContext,
    certificates: Sequence[OwnCertificate],
    contexts: Sequence[ssl.SSLContext],
    without: ssl.SSLContext,
) -> None:
    """Let connections of `context` take that of `contexts` whose certificate the origin wants.

    `without` has no certificate. All are alike in what they verify.
    """

    def note(sock: Any, direction: str, version: int, kind: int, message: int, data: bytes) -> None:
        if direction != "read" or kind != _HANDSHAKE or message != _REQUEST:
            return
        try:
            is_new = version == ssl.TLSVersion.TLSv1_3
            wanted = requested_authorities(bytes(data), is_new=is_new)
        except ValueError:
            wanted = []
        number = choose(certificates, wanted)
        sock.context = without if number is None else contexts[number]

    context._msg_callback = note  # type: ignore[attr-defined]
