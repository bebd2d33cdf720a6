"""The words of mod_ssl's directives."""

from __future__ import annotations

import ssl

import pytest
import trustme

from revproxy.errors import ConfigError
from revproxy.plan.load import load_text
from revproxy.tls.certificate import Certificate, fits


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("a.test", "A.Test", True),
        ("a.test", "b.a.test", False),
        ("*.a.test", "b.a.test", True),
        ("*.a.test", "c.b.a.test", False),
        ("*.a.test", "a.test", False),
        ("*", "a", False),
        ("w*.a.test", "ww.a.test", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_names_fit_hosts(name: str, host: str, expected: bool) -> None:
    assert fits(name, host) is expected


def test_names_of_a_certificate() -> None:
    leaf = trustme.CA().issue_cert("a.test", "*.b.test", common_name="c.test")
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    found = Certificate(der)
    assert found.names == ["a.test", "*.b.test", "c.test"]
    assert found.common_names == ["c.test"]
    assert found.is_valid_now


def errors(text: str) -> list[str]:
    loaded = load_text(text, server_root="/nonexistent")
    return [item.message for item in loaded.diagnostics if item.severity.name == "ERROR"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SSLProxyProtocol all -SSLv3", ""),
        ("SSLProxyProtocol TLSv1.2 +TLSv1.3", ""),
        ("SSLProxyProtocol SSLv3", "SSLv3 is broken"),
        ("SSLProxyProtocol TLSv1.4", "Illegal protocol 'TLSv1.4'"),
        ("SSLProxyProtocol ALL -sslv3 +tlsv1.2", ""),
        ("SSLProxyVerify maybe", "Invalid argument 'maybe'"),
        ("SSLProxyVerify Require", "Invalid argument 'Require'"),
        ("SSLProxyVerifyDepth x", "Invalid argument 'x'"),
        ("SSLProxyCACertificateFile none.pem", "'/nonexistent/none.pem' does not exist"),
        ("SSLProxyCACertificatePath none", "'/nonexistent/none' does not exist"),
        ("SSLProxyCARevocationCheck some", "Invalid argument 'some'"),
        ("SSLProxyCARevocationCheck leaf no_crl_for_cert_ok", "not implemented"),
        ("SSLProxyCipherSuite TLSv1.4 x", "protocol 'TLSv1.4' not supported"),
    ],
)
def test_wrong_words(line: str, message: str) -> None:
    found = errors(line)
    assert (not found) if not message else (len(found) == 1 and message in found[0])


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("SSLProxyEngine On\nSSLProxyProtocol all -all", None, "No SSL protocols available"),
        ("SSLProxyEngine On\nSSLProxyCipherSuite nothing", 2, "no cipher suite"),
        ("SSLProxyEngine On\nSSLProxyCipherSuite TLSv1.3 nothing", 2, "TLS 1.3"),
        ("SSLProxyEngine On\nSSLProxyCACertificateFile {junk}", 2, "no certificates"),
        ("SSLProxyEngine On\nSSLProxyMachineCertificateFile {junk}", 2, "private key"),
        ("<Proxy *>\nSSLProxyEngine On\nSSLProxyCACertificateFile {junk}\n</Proxy>", 3, "no cert"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(
    tmp_path, lines: str, line: int | None, message: str
) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    loaded = load_text(lines.format(junk=junk))
    assert not loaded.has_errors
    with pytest.raises(ConfigError, match=message) as caught:
        loaded.plan()
    location = caught.value.diagnostics[0].location
    assert (location.line if location else None) == line
