"""What a scanner says of TLS without a word in the file, and of old things that a file asks for."""

from __future__ import annotations

import subprocess

from tests.scan import NAME, scanned
from tests.scan.mozilla import complaints


def test_the_defaults_are_what_mozilla_recommends() -> None:
    with scanned() as (directory, port):
        assert complaints(directory, port) == []


def test_old_suites_and_versions_are_found() -> None:
    lines = "SSLProtocol all\nSSLCipherSuite ALL:@SECLEVEL=0"
    with scanned(lines) as (directory, port):
        found = " ".join(complaints(directory, port))
    assert "tls_versions" in found
    assert "ciphers" in found


def test_a_chain_is_sent_once() -> None:
    # The file has certificate, issuer and key.
    with scanned() as (_directory, port):
        done = subprocess.run(
            ["openssl", "s_client", "-showcerts", "-servername", NAME, f"127.0.0.1:{port}"],
            input="",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout.count("BEGIN CERTIFICATE") == 2
