"""What virtual hosts' certificates and switches are made into, and what is wrong with them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from revproxy.errors import ConfigError
from revproxy.plan.load import load_text
from revproxy.tls.options import Options, merge_options
from revproxy.tls.require import as_expression

LEAF = trustme.CA().issue_cert("a.test")
OTHER = trustme.CA().issue_cert("b.test")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "a.crt").write_bytes(LEAF.cert_chain_pems[0].bytes())
    (tmp_path / "a.key").write_bytes(LEAF.private_key_pem.bytes())
    (tmp_path / "b.key").write_bytes(OTHER.private_key_pem.bytes())
    (tmp_path / "junk").write_text("junk")
    broken = "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n"
    (tmp_path / "dh.pem").write_text((tmp_path / "a.crt").read_text() + broken)
    return tmp_path


def host(lines: str, files: Path):
    text = f"<VirtualHost *:443>\nSSLEngine On\n{lines}\n</VirtualHost>\n"
    return load_text(text, server_root=str(files)).plan().hosts[0]


GOOD = "SSLCertificateFile a.crt\nSSLCertificateKeyFile a.key"


def test_modern_without_a_word(files: Path) -> None:
    tls = host(GOOD, files).tls
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.context.verify_mode is ssl.CERT_NONE
    assert all(item["aead"] for item in tls.context.get_ciphers())


def test_a_host_without_tls_has_none(files: Path) -> None:
    plan = load_text("<VirtualHost *:80>\n</VirtualHost>\n").plan()
    assert plan.hosts[0].tls is None


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("", 2, "no certificate"),
        ("SSLCertificateFile junk", 3, "no certificate in it"),
        ("SSLCertificateFile a.crt", 3, "no private key in it"),
        ("SSLCertificateFile a.crt\nSSLCertificateKeyFile b.key", 4, "not the one of"),
        (f"{GOOD}\nSSLCipherSuite nothing", 5, "no cipher suite"),
        (f"{GOOD}\nSSLCACertificateFile junk", 5, "no certificates"),
        ("SSLCertificateFile dh.pem\nSSLCertificateKeyFile a.key", 3, "DH parameters"),
        (f"{GOOD}\nSSLOpenSSLConfCmd Groups nonsense", 5, "cannot be set"),
    ],
)
def test_wrong_ones_are_told_with_their_place(
    files: Path, lines: str, line: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        host(lines, files)
    location = caught.value.diagnostics[0].location
    assert location is not None
    assert location.line == line


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SSLCertificateFile none.pem", "does not exist"),
        ("SSLOCSPEnable On", "not implemented"),
        ("SSLOCSPEnable leaf", "not implemented"),
        ("SSLProtocol SSLv3", "SSLv3 is broken"),
        ("SSLVerifyClient optional_no_ca", "not implemented"),
        ("SSLOptions +Nonsense", "Illegal option"),
        ("<Location /x>\nSSLCipherSuite HIGH\n</Location>", "cannot renegotiate"),
        ("SSLOpenSSLConfCmd Nonsense x", "not implemented"),
        ("SSLPassPhraseDialog nonsense", "not implemented"),
        ("<Location /x>\nSSLRequire ((\n</Location>", "Cannot parse"),
    ],
)
def test_what_cannot_be_had_is_said(line: str, message: str) -> None:
    loaded = load_text(
        line if line.startswith("SSLPass") else f"<VirtualHost *>\n{line}\n</VirtualHost>"
    )
    said = [item.message for item in loaded.diagnostics if item.severity.name == "ERROR"]
    assert len(said) == 1
    assert message in said[0]


@pytest.mark.parametrize(
    "line",
    [
        "SSLEngine optional",
        "SSLUseStapling On",
        "SSLSessionTicketKeyFile a.crt",
        "SSLCADNRequestFile a.crt",
        "SSLCADNRequestPath .",
    ],
)
def test_what_has_no_effect_is_told_and_served(files: Path, line: str) -> None:
    loaded = load_text(f"<VirtualHost *>\n{line}\n</VirtualHost>", server_root=str(files))
    assert [(item.severity.name, item.location.line) for item in loaded.diagnostics] == [
        ("WARNING", 2)
    ]
    assert loaded.plan().hosts[0].tls is None


def test_what_is_off_is_not_spoken_of(files: Path) -> None:
    lines = "SSLUseStapling Off\nSSLOCSPEnable off"
    loaded = load_text(f"<VirtualHost *>\n{lines}\n</VirtualHost>", server_root=str(files))
    assert not loaded.diagnostics


def test_a_pass_phrase_from_a_program(files: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key((files / "a.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    (files / "a.key").write_bytes(locked)
    program = files / "ask"
    program.write_text('#!/bin/sh\n[ "$1" = a.test:443 ] && echo open\n')
    program.chmod(0o755)
    dialog = f"SSLPassPhraseDialog exec:{program}\n"
    inner = f"<VirtualHost *:443>\nServerName a.test\nSSLEngine On\n{GOOD}\n</VirtualHost>\n"
    assert load_text(dialog + inner, server_root=str(files)).plan().hosts[0].tls is not None
    with pytest.raises(ConfigError, match="nobody can be asked"):
        load_text(inner, server_root=str(files)).plan()
    program.write_text("#!/bin/sh\necho wrong\n")
    with pytest.raises(ConfigError, match="pass phrase is wrong"):
        load_text(dialog + inner, server_root=str(files)).plan()


def test_options_join_or_replace() -> None:
    outer = Options(frozenset(("StdEnvVars",)), frozenset(("StdEnvVars",)))
    plus = Options(frozenset(("ExportCertData",)), frozenset(("ExportCertData",)))
    both = merge_options(outer, plus)
    assert "StdEnvVars" in both
    assert "ExportCertData" in both
    minus = Options(removed=frozenset(("StdEnvVars",)))
    assert "StdEnvVars" not in merge_options(both, minus)
    alone = Options(frozenset(("FakeBasicAuth",)), is_relative=False)
    assert "StdEnvVars" not in merge_options(both, alone)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('%{X} eq "eq"', '%{X}  ==  "eq"'),
        ("%{X} >= 128", "%{X}  -ge  128"),
        ("%{X} =~ m/a < b/ and %{Y} != 'x'", "%{X} =~ m/a < b/ and %{Y} != 'x'"),
        ("%{X} -eq 1", "%{X} -eq 1"),
    ],
)
def test_the_old_language(old: str, new: str) -> None:
    assert as_expression(old) == new
