"""Certificates for the cases, made anew for each run: one authority, and what it signed.

The files lie in one directory, `@CERTS@`: NAME.pem holds certificate, chain and key, NAME.crt and
NAME.key the parts; ca.crt is the authority, other.crt one that signed nothing here.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization


def _leaves(authority: trustme.CA) -> dict[str, trustme.LeafCert]:
    issue = authority.issue_cert
    past: dict[str, Any] = {
        "not_before": datetime(2001, 1, 1, tzinfo=UTC),
        "not_after": datetime(2002, 1, 1, tzinfo=UTC),
    }
    middle = authority.create_child_ca()
    return {
        "origin": issue("localhost", "www.example.test", "first.example.test", "*.wild.test"),
        "common": issue(common_name="localhost"),
        "address": issue("127.0.0.1"),
        "rsa": issue("www.example.test", key_type=trustme.KeyType.RSA),
        "wrong": issue("elsewhere.test"),
        "expired": issue("localhost", **past),
        "deep": middle.create_child_ca().issue_cert("localhost"),
        "self": trustme.CA().issue_cert("localhost"),
        "alice": issue("alice@example.test", common_name="Alice", organization_name="Example"),
        "bob": issue("bob@example.test", common_name="Bob", organization_unit_name="Sales"),
    }


_lock = threading.Lock()


def certificates() -> Path:
    """The directory, with everything in it; the groups' threads share it."""
    with _lock:
        return _made()


@functools.cache
def _made() -> Path:
    directory = Path(mkdtemp(prefix="oracle-certificates-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    directory.chmod(0o755)
    authority = trustme.CA(organization_name="Oracle", organization_unit_name="Tests")
    authority.cert_pem.write_to_path(str(directory / "ca.crt"))
    trustme.CA().cert_pem.write_to_path(str(directory / "other.crt"))
    for name, leaf in _leaves(authority).items():
        leaf.private_key_and_cert_chain_pem.write_to_path(str(directory / f"{name}.pem"))
        leaf.private_key_pem.write_to_path(str(directory / f"{name}.key"))
        chain = b"".join(item.bytes() for item in leaf.cert_chain_pems)
        (directory / f"{name}.crt").write_bytes(chain)
    both = [(directory / f"{name}.pem").read_bytes() for name in ("bob", "alice")]
    (directory / "both.pem").write_bytes(b"".join(both))
    _revoke(directory, authority, "origin")
    return directory


def _revoke(directory: Path, authority: trustme.CA, name: str) -> None:
    """Write revoked.crl, which takes back one certificate, and empty.crl, which takes none."""
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    found = x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(datetime(2001, 1, 1, tzinfo=UTC))
        .next_update(datetime(2099, 1, 1, tzinfo=UTC))
    )
    revoked = x509.RevokedCertificateBuilder(
        serial_number=found.serial_number, revocation_date=datetime(2001, 1, 1, tzinfo=UTC)
    ).build()
    for file, lists in (("empty", builder), ("revoked", builder.add_revoked_certificate(revoked))):
        crl = lists.sign(key, issuer.signature_hash_algorithm)
        pem = crl.public_bytes(serialization.Encoding.PEM)
        (directory / f"{file}.crl").write_bytes(pem)


def server_context(name: str, *, old: bool = False, client: bool = False) -> ssl.SSLContext:
    """What a TLS origin speaks with: `old` TLS 1.2 at most, `client` wants a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates() / f"{name}.pem")
    if old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if client:
        context.load_verify_locations(certificates() / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(name: str, version: str, *, later: bool = False) -> ssl.SSLContext:
    """What a client speaks with: a certificate, the highest version; it believes anybody.

    `later`: it may be asked for its certificate after the handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if name:
        context.load_cert_chain(certificates() / f"{name}.pem")
    context.post_handshake_auth = later
    if version:
        context.maximum_version = ssl.TLSVersion[f"TLSv{version.replace('.', '_')}"]
    return context
