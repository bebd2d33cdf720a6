"""The variables that a certificate's names are read into, in whatever case they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from revproxy.tls.certificate import Certificate

LOGIN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
SERVICE = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.7")
UNKNOWN = x509.ObjectIdentifier("1.2.3.4")


def certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "in@dn.test")])
    names = x509.SubjectAlternativeName(
        [
            x509.RFC822Name("a@b.test"),
            x509.RFC822Name("c@d.test"),
            x509.DNSName("e.test"),
            x509.OtherName(UNKNOWN, b"\x0c\x01x"),
            x509.OtherName(LOGIN, b"\x0c\x06\xc3\xa4@f.g"),
            x509.OtherName(LOGIN, b"\x0c\x81\x81" + b"l" * 129),
            x509.OtherName(SERVICE, b"\x16\x08_x.h.tst"),
        ]
    )
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2001, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(found.public_bytes(Encoding.DER))


def test_names_by_their_variables() -> None:
    found = certificate()
    assert found.variable("SAN_EMAIL_1") == "c@d.test"
    assert found.variable("SAN_EMAIL_2") is None
    assert found.variable("SAN_DNS_0") == "e.test"
    assert found.variable("SAN_OTHER_MSUPN_0") == "ä@f.g"
    assert found.variable("SAN_OTHER_MSUPN_1") == "l" * 129
    assert found.variable("SAN_OTHER_DNSSRV_0") == "_x.h.tst"
    assert found.variable("S_DN_EMAIL") == "in@dn.test"


def test_names_for_the_environment() -> None:
    parts = dict(certificate().parts("SSL_CLIENT_"))
    assert parts["SSL_CLIENT_SAN_Email_0"] == "a@b.test"
    assert parts["SSL_CLIENT_SAN_OTHER_msUPN_0"] == "ä@f.g"
    assert parts["SSL_CLIENT_SAN_OTHER_dnsSRV_0"] == "_x.h.tst"
    assert parts["SSL_CLIENT_S_DN_Email"] == "in@dn.test"
