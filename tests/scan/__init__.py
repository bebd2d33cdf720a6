"""A server with nothing but a certificate in its file, for scanners of TLS.

Laws:
- The certificates are what a public authority gives: an issuer between root and leaf, two keys,
  90 days. So what a scanner finds is the server's, not the certificate's.
- The file says nothing of protocols and suites: the defaults are what is judged.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.oracle.servers import free_ports

REVPROXY = str(Path(sys.executable).with_name("revproxy"))
NAME = "scan.test"
_FILE = """\
Listen 127.0.0.1:{port}
ErrorLog {directory}/error.log
<VirtualHost *:{port}>
    ServerName {name}
    DocumentRoot {directory}/docs
    SSLEngine On
    SSLCertificateFile {directory}/rsa.pem
    SSLCertificateFile {directory}/ec.pem
{lines}
</VirtualHost>
"""


@contextmanager
def scanned(lines: str = "") -> Iterator[tuple[Path, int]]:
    """A running server: its directory, with the authority in ca.pem, and its port.

    `lines` are more of the virtual host.
    """
    with TemporaryDirectory(prefix="scan-") as name:
        directory = Path(name)
        # A child process may be another user.
        directory.chmod(0o755)
        (directory / "docs").mkdir()
        (directory / "docs" / "index.html").write_text("<title>scanned</title>\n")
        _issue(directory)
        port = free_ports(1)[0]
        file = directory / "httpd.conf"
        file.write_text(_FILE.format(port=port, directory=directory, name=NAME, lines=lines))
        with (directory / "output").open("wb") as output:
            command = [REVPROXY, "run", "-f", str(file)]
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _await(directory, process)
            yield directory, port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _await(directory: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        log = directory / "error.log"
        if log.exists() and "resuming operations" in log.read_text():
            return
        time.sleep(0.02)
    raise RuntimeError(f"revproxy did not start: {(directory / 'output').read_text()}")


class _Authority:
    """A name, its key and its certificate."""

    def __init__(self, name: str, parent: _Authority | None) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = rsa.generate_private_key(65537, 2048)
        usage = _usage(key_cert_sign=True, crl_sign=True)
        constraints = x509.BasicConstraints(ca=True, path_length=None if parent is None else 0)
        builder = _builder(self.name, self.key, parent or self, days=3650)
        builder = builder.add_extension(constraints, critical=True)
        self.certificate = _signed(builder.add_extension(usage, critical=True), parent or self)

    def issue(self, key: Any) -> bytes:
        """A server's certificate, with the issuer's and the key: PEM."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        encrypts = isinstance(key, rsa.RSAPrivateKey)
        usage = _usage(digital_signature=True, key_encipherment=encrypts)
        serves = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = (
            _builder(subject, key, self, days=90)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(serves, critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem: bytes = _pem(_signed(builder, self)) + _pem(self.certificate) + secret
        return pem


def _issue(directory: Path) -> None:
    root = _Authority("Root of the scan", None)
    issuer = _Authority("Issuer of the scan", root)
    (directory / "ca.pem").write_bytes(_pem(root.certificate))
    (directory / "rsa.pem").write_bytes(issuer.issue(rsa.generate_private_key(65537, 2048)))
    (directory / "ec.pem").write_bytes(issuer.issue(ec.generate_private_key(ec.SECP256R1())))


def _builder(
    subject: x509.Name, key: Any, issuer: _Authority, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    theirs = issuer.key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(theirs), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, issuer: _Authority) -> x509.Certificate:
    return builder.sign(issuer.key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _usage(**chosen: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: chosen.get(name, False) for name in names})
