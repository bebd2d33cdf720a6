"""TLS towards clients with real peers: curl, `openssl s_client`, and a reload of certificates."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from revproxy.demo.site import Server
from tests.server.test_processes import Origin, Running

CA = trustme.CA()


class Secured(Running):
    """A server with a virtual host that speaks TLS, on a port of its own."""

    def __init__(self, directory: Path, origin: int, more: str = "") -> None:
        self.more = more
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.secure_port: int = door.getsockname()[1]
        self.pem = directory / "host.pem"
        self.issue("localhost")
        CA.cert_pem.write_to_path(str(directory / "ca.pem"))
        super().__init__(directory, origin)

    def issue(self, name: str) -> None:
        CA.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(str(self.pem))

    def write(self, name: str, more: str = "") -> None:
        super().write(
            name,
            f"Listen 127.0.0.1:{self.secure_port}\n<VirtualHost *:{self.secure_port}>\n"
            f"ServerName localhost\nSSLEngine On\nSSLCertificateFile {self.pem}\n"
            f"Header set X-Session %{{SSL_SESSION_RESUMED}}s\n{self.more}\n{more}\n</VirtualHost>",
        )

    def names(self) -> list[str]:
        """The names of the certificate that is shown now."""
        context = ssl.create_default_context(cafile=str(self.directory / "ca.pem"))
        context.check_hostname = False
        address = ("127.0.0.1", self.secure_port)
        with (
            socket.create_connection(address, 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return [value for _, value in secured.getpeercert()["subjectAltName"]]

    def wait_shown(self, name: str) -> None:
        """Wait until a child shows the certificate of this name."""
        waited = threading.Event()
        for _ in range(500):
            if self.names() == [name]:
                return
            waited.wait(0.02)
        raise AssertionError(f"{name} was never shown")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with running(tmp_path_factory.mktemp("secured")) as found:
        yield found


@contextmanager
def running(directory: Path, more: str = "") -> Iterator[Secured]:
    with Server(0, Origin) as origin:
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        found = Secured(directory, origin.server_address[1], more)
        try:
            yield found
        finally:
            found.process.kill()
            found.process.wait()
            if found.process.stdout is not None:
                found.process.stdout.close()
            origin.shutdown()


def said(command: list[str], octets: bytes = b"") -> str:
    done = subprocess.run(command, input=octets, capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode("latin-1")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("version", ["--tls-max 1.2 --tlsv1.2", "--tlsv1.3"])
def test_curl(server: Secured, version: str) -> None:
    url = f"https://localhost:{server.secure_port}/x"
    command = ["curl", "-sS", "--cacert", f"{server.directory}/ca.pem", *version.split(), url, url]
    assert said(command) == "/x/x"


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl(server: Secured, version: str) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_port}", version]
    command += ["-CAfile", f"{server.directory}/ca.pem", "-alpn", "h2,http/1.1", "-ign_eof"]
    text = said(command, b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert "Verify return code: 0 (ok)" in text
    assert "ALPN protocol: http/1.1" in text
    assert "HTTP/1.1 200 OK" in text
    # The end of the connection was told, not just done.
    assert "unexpected eof" not in text


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_sessions_are_resumed_by_every_child(server: Secured, tmp_path: Path) -> None:
    file = str(tmp_path / "session")
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_port}", "-ign_eof"]
    request = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert "X-Session: Initial" in said([*command, "-sess_out", file], request)
    for _ in range(4):
        assert "X-Session: Resumed" in said([*command, "-sess_in", file], request)


def test_old_versions_are_refused(server: Secured) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_port}"]
    assert "New, TLSv1" not in said([*command, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])


def test_a_reload_reads_certificates_again_and_a_broken_one_keeps_the_old(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.names() == ["localhost"]
        server.issue("second.test")
        server.signal(signal.SIGHUP)
        server.wait_shown("second.test")
        server.pem.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
        server.signal(signal.SIGHUP)
        server.wait_for("reload failed")
        server.wait_for(f"{server.file}:[0-9]+:[0-9]+.*")
        assert "host.pem" in server.log()
        assert server.names() == ["second.test"]


def test_the_proxy_protocol_comes_before_the_handshake(tmp_path: Path) -> None:
    more = "RemoteIPProxyProtocol On\nHeader set X-Address expr=%{REMOTE_ADDR}/%{HTTPS}"
    with running(tmp_path, more) as server:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with socket.create_connection(("127.0.0.1", server.secure_port), 10) as plain:
            plain.sendall(b"PROXY TCP4 192.0.2.9 192.0.2.1 5555 443\r\n")
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                secured.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: secured.recv(65536), b""))
        assert b"X-Address: 192.0.2.9/on\r\n" in answer


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_an_rsa_and_an_ecdsa_certificate_side_by_side(tmp_path: Path) -> None:
    rsa = trustme.CA().issue_cert("localhost", key_type=trustme.KeyType.RSA)
    rsa.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "rsa.pem"))
    with running(tmp_path, f"SSLCertificateFile {tmp_path}/rsa.pem") as server:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.secure_port}"]
        for algorithms, kind in (("ECDSA+SHA256", "ECDSA"), ("RSA-PSS+SHA256:RSA+SHA256", "RSA")):
            for version in ("-tls1_2", "-tls1_3"):
                text = said([*command, version, "-sigalgs", algorithms])
                assert f"Peer signature type: {kind}" in text


def test_a_client_that_does_not_shake_hands_is_shut_out(tmp_path: Path) -> None:
    with running(tmp_path, "RequestReadTimeout handshake=1") as server:
        hello = _hello()
        for said_first in (b"", hello[:3], hello[:60], hello):
            with socket.create_connection(("127.0.0.1", server.secure_port), 10) as client:
                client.sendall(said_first)
                # All there is of an answer, and then the end, or a reset where octets were left.
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(65536):
                        pass


def _hello() -> bytes:
    """What a client of TLS says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()
