"""TLS: a kept-alive GET, full handshakes, idle connections; Apache and revproxy with one file."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import trustme

from tests.bench.contest import Bench, Row
from tests.bench.load import Wrk
from tests.bench.processes import free_port
from tests.bench.servers import MANY, THREADS, Contender, apache, revproxy

IDLE = {"apache": 2000, "revproxy": 5000}
"""Apache's threads keep no more in `MANY`."""


def tls_get(bench: Bench) -> list[Row]:
    """1 KiB GET over TLS 1.3, kept alive, browser headers, a log line."""
    return _small(bench, "tls-get", Wrk(secured=True), 1.0)


def tls_handshake(bench: Bench) -> list[Row]:
    """The same with a connection and a full handshake (ECDSA P-256) a request."""
    return _small(bench, "tls-handshake", Wrk(secured=True, close=True), 1.1)


def tls_idle(bench: Bench) -> list[Row]:
    """Memory of a TLS connection on which nothing happens; 5,000 of them."""
    rows = []
    wrk = Wrk(secured=True)
    script = wrk.script(bench.directory)
    for one in _contenders(bench, MANY):
        with bench.start(one) as tree:
            wrk.burst(one.port, 1, script, bench.load_cores)
            before = tree.pss()
            held = list(_held(one.port, IDLE[one.name]))
            grown = tree.pss() - before
            for connection in held:
                connection.close()
        each = grown / IDLE[one.name]
        target = 40.0 if one.name == "revproxy" else None
        rows.append(Row("tls-idle", one.name, each, "KiB/connection", None, target))
    return rows


def _small(bench: Bench, name: str, wrk: Wrk, target: float) -> list[Row]:
    script = wrk.script(bench.directory)
    return bench.measure(
        name,
        _contenders(bench, THREADS),
        lambda port: wrk.burst(port, bench.seconds, script, bench.load_cores),
        target=target,
    )


def _contenders(bench: Bench, threads: dict[str, int]) -> list[Contender]:
    certificate = bench.directory / "certificate.pem"
    if not certificate.exists():
        leaf = trustme.CA().issue_cert("h0.example.test")
        leaf.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    origin = f"http://127.0.0.1:{bench.origin_port}"
    found = []
    for make in (apache, revproxy):
        port = free_port()
        body = _host(port, certificate, origin)
        place = bench.place(make.__name__)
        if make is apache:
            found.append(apache(place, port, body, threads, ("socache_shmcb", "ssl")))
        else:
            found.append(revproxy(place, port, body))
    return [one for one in found if one.name in bench.names]


def _host(port: int, certificate: Path, origin: str) -> str:
    return f"""<VirtualHost 127.0.0.1:{port}>
ServerName h0.example.test
SSLEngine On
SSLCertificateFile {certificate}
ProxyPass / {origin}/
</VirtualHost>
"""


def _held(port: int, count: int) -> Iterator[socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = b"GET / HTTP/1.1\r\nHost: h0.example.test\r\n\r\n"
    for _ in range(count):
        plain = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection = context.wrap_socket(plain, server_hostname="h0.example.test")
        connection.sendall(request)
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"port {port} refused a connection that was to be idle")
        yield connection
