"""Certificates of no known version are refused as what cannot be read, not by a traceback."""

from __future__ import annotations

import ssl

import pytest
import trustme

from revproxy.tls.certificate import Certificate

_VERSION = bytes.fromhex("a003020102")


@pytest.mark.parametrize("version", [1, 7])
def test_a_version_that_nobody_issues_is_a_value_error(version: int) -> None:
    leaf = trustme.CA().issue_cert("a.test").cert_chain_pems[0].bytes().decode("ascii")
    der = ssl.PEM_cert_to_DER_cert(leaf)
    assert der.count(_VERSION) == 1
    Certificate(der)
    with pytest.raises(ValueError, match="version"):
        Certificate(der.replace(_VERSION, _VERSION[:-1] + bytes([version])))
