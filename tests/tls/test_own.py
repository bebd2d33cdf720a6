"""Which of our own certificates an origin is shown."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import ConfigError
from revproxy.module import Server
from revproxy.modules.mod_ssl import MODULE
from revproxy.tls.origin import origin_tls
from revproxy.tls.own import choose, own_certificate, requested_authorities, split_pairs
from tests.exchanges import parse

ONE, TWO = trustme.CA(organization_name="One"), trustme.CA(organization_name="Two")
LEAVES = [ca.issue_cert(f"{name}@x.test") for ca, name in ((ONE, "one"), (TWO, "two"))]
PEMS = [leaf.private_key_and_cert_chain_pem.bytes().decode() for leaf in LEAVES]
MIDDLE = ONE.create_child_ca()
DEEP = MIDDLE.issue_cert("deep@x.test").private_key_and_cert_chain_pem.bytes().decode()


def test_pairs_of_a_file():
    assert [pair.count("BEGIN") for pair in split_pairs("".join(PEMS))] == [2, 2]
    assert split_pairs("nothing") == []
    # A chain stays with its certificate, whatever comes first.
    for text in (DEEP + PEMS[1], PEMS[1] + DEEP):
        assert sorted(pair.count("BEGIN CERTIFICATE") for pair in split_pairs(text)) == [1, 2]


def names_of(ca: trustme.CA) -> bytes:
    return own_certificate(ca.cert_pem.bytes().decode(), []).issuers[0]


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


@pytest.mark.parametrize("wanted", [[], [ONE], [TWO], [TWO, ONE], [trustme.CA()]])
def test_what_is_asked_for_is_found(wanted):
    certificates = [own_certificate(pair, []) for pem in PEMS for pair in split_pairs(pem)]
    names = [names_of(ca) for ca in wanted]
    listed = vector(2, b"".join(vector(2, name) for name in names))
    old = b"\r\0\0\0" + vector(1, b"\1") + vector(2, b"\4\3") + listed
    extensions = b"\0\x0d" + vector(2, b"\0\2\4\3") + b"\0\x2f" + vector(2, listed)
    new = b"\r\0\0\0" + vector(1, b"") + vector(2, extensions)
    assert requested_authorities(old, is_new=False) == names
    assert requested_authorities(new, is_new=True) == names
    expected = {0: 0, 1: 0 if wanted[:1] == [ONE] else None, 2: 1}[len(wanted)]
    if wanted == [TWO]:
        expected = 1
    assert choose(certificates, names) == expected


def test_a_chain_fits_where_its_issuer_is_named():
    deep = own_certificate(split_pairs(DEEP)[0], [])
    assert choose([deep], [names_of(ONE)]) == 0


@given(st.binary(max_size=80), st.booleans())
def test_no_message_breaks_the_reader(message, is_new):
    try:
        found = requested_authorities(message, is_new=is_new)
    except ValueError:
        return
    assert all(isinstance(name, bytes) for name in found)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(("authority", "number"), [(ONE, 0), (TWO, 1)])
def test_a_real_origin_is_shown_what_it_asks_for(
    tmp_path: Path, version: str, authority: trustme.CA, number: int
) -> None:
    (tmp_path / "own.pem").write_text("".join(PEMS))
    ONE.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "s.pem")
    )
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    line = f"SSLProxyMachineCertificateFile {tmp_path}/own.pem"
    tls = origin_tls(parse(MODULE, "SSLProxyEngine On", line), Server())
    assert tls is not None
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    command = ["openssl", "s_server", "-accept", str(port), "-cert", f"{tmp_path}/s.pem"]
    command += ["-key", f"{tmp_path}/s.pem", "-CAfile", f"{tmp_path}/ca.pem"]
    command += ["-Verify", "2", "-www", version]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdout is not None
        while b"ACCEPT" not in server.stdout.readline():
            assert server.poll() is None
        try:
            with (
                socket.create_connection(("127.0.0.1", port), 10) as plain,
                tls.context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                secured.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b"".join(iter(lambda: secured.recv(65536), b""))
        finally:
            server.kill()
    assert f"{('one', 'two')[number]}@x.test".encode() in answer


def test_a_key_without_its_certificate_is_an_error(tmp_path: Path) -> None:
    key = LEAVES[0].private_key_pem.bytes().decode()
    (tmp_path / "own.pem").write_text(PEMS[0] + key + key)
    line = f"SSLProxyMachineCertificateFile {tmp_path}/own.pem"
    with pytest.raises(ConfigError, match="without its certificate|no certificate with"):
        origin_tls(parse(MODULE, "SSLProxyEngine On", line), Server())
