"""The scenarios, each a function from the bench to rows of the report.

Laws:
- Apache and revproxy get the same file; nginx and HAProxy run where a mark says something.
- Targets are ratios to Apache but for what Apache has not (lint, memory of a connection).
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.contents import both, deflate, flat, html, stalls, turns
from tests.bench.contest import Bench, Row
from tests.bench.door import basic, flood
from tests.bench.load import Burst, Wrk, download, upload
from tests.bench.processes import free_port
from tests.bench.rules import rules
from tests.bench.secured import tls_get, tls_handshake, tls_idle
from tests.bench.servers import (
    MANY,
    REVPROXY,
    THREADS,
    Contender,
    apache,
    haproxy,
    httpd_conf,
    nginx,
    revproxy,
)
from tests.bench.stress import dawdlers, p95, reloads, uploads

MEBIBYTE = 1 << 20


def get(bench: Bench) -> list[Row]:
    """1 KiB GET, kept alive, browser headers, a log line."""
    return _small(bench, "get", Wrk(), 1.1)


def connect(bench: Bench) -> list[Row]:
    """The same with a connection per request."""
    return _small(bench, "connect", Wrk(close=True), 1.2)


def post(bench: Bench) -> list[Row]:
    """10 KiB POST."""
    return _small(bench, "post", Wrk(body=10240), 1.2)


def dynamic(bench: Bench) -> list[Row]:
    """1 KiB GET of which no request and no response is like another, as an application's are."""
    return _small(bench, "dynamic", Wrk(unlike=True), None)


def large_download(bench: Bench) -> list[Row]:
    """100 MiB from the origin to the client."""

    def burst(port: int) -> Burst:
        for _ in range(3):
            download(port, "/big", 100 * MEBIBYTE)
        return Burst(300, 0.0)

    return bench.measure("download", _plain(bench), burst, unit="µs/MiB", target=0.8)


def large_upload(bench: Bench) -> list[Row]:
    """50 MiB from the client to the origin."""

    def burst(port: int) -> Burst:
        for _ in range(4):
            upload(port, "/take", 50 * MEBIBYTE)
        return Burst(200, 0.0)

    contenders = _plain(bench, origin=bench.sink_port)
    return bench.measure("upload", contenders, burst, unit="µs/MiB", target=0.8)


def production(bench: Bench) -> list[Row]:
    """40 virtual hosts, each with 20 ProxyPass and 15 header directives."""
    hosts = (0, 7, 19, 39)
    targets = tuple(
        (f"h{host}.example.test", f"/app{app}/page?id={host}") for host in hosts for app in (1, 19)
    )
    body = _production(f"http://127.0.0.1:{bench.origin_port}")
    wrk = Wrk(targets)
    contenders = [one for one in _httpd(bench, body) if one.name in bench.names]
    return bench.measure("production", contenders, _wrk(bench, wrk), target=1.1)


def growth(bench: Bench) -> list[Row]:
    """The cost with 1,000 virtual hosts and 1,000 ProxyPass lines, as a ratio to 1 of each."""
    rows = []
    sizes = (1, 100, 1000)
    origin = f"http://127.0.0.1:{bench.origin_port}"
    costs = {}
    for size in sizes:
        wrk = Wrk(((f"h{size - 1}.example.test", f"/app{size - 1}/page"),))
        contenders = _httpd(bench, _grown(size, origin))
        contenders = [one for one in contenders if one.name in bench.names]
        for row in bench.measure(f"growth {size}", contenders, _wrk(bench, wrk)):
            costs[row.server, size] = row.value
            rows.append(row)
    for name in sorted({row.server for row in rows}):
        target = 1.1 if name == "revproxy" else None
        value = costs[name, sizes[-1]] / costs[name, 1]
        rows.append(Row(f"growth 1000/{1}", name, value, "x", None, target))
    return rows


def idle(bench: Bench) -> list[Row]:
    """Memory of a kept-alive connection on which nothing happens; 2,000 of them."""
    rows = []
    for one in _plain(bench, threads=MANY):
        with bench.start(one) as tree:
            Wrk().burst(one.port, 1, Wrk().script(bench.directory), bench.load_cores)
            before = tree.pss()
            held = list(_held(one.port, 2000))
            grown = tree.pss() - before
            for connection in held:
                connection.close()
        target = 10.0 if one.name == "revproxy" else None
        rows.append(Row("idle", one.name, grown / 2000, "KiB/connection", None, target))
    return rows


def start(bench: Bench) -> list[Row]:
    """From the command to the first answer, and the check of a file, small and of 5,000 lines;
    the story of a request."""
    rows = []
    origin = f"http://127.0.0.1:{bench.origin_port}"
    for label, body, target in (
        ("small", _everything(origin), 0.25),
        ("5000 lines", _long(origin), 2.0),
    ):
        for one in _httpd(bench, body):
            if one.name not in bench.names:
                continue
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                with bench.start(one):
                    times.append(time.perf_counter() - begin)
            rows.append(Row(f"start, {label}", one.name, statistics.median(times), "s"))
        rows += _checks(bench, label, body, target)
    rows += _explained(bench, _everything(origin))
    return rows


def many_uploads(bench: Bench) -> list[Row]:
    """200 uploads of 10 MB at once: the most memory that one process had."""
    rows = []
    for one in _pair(bench, bench.sink_port):
        with bench.start(one) as tree:
            uploads(one.port, 200, 10_000_000)
            target = 150.0 if one.name == "revproxy" else None
            rows.append(Row("uploads", one.name, tree.peak() / 1024, "MiB", None, target))
    return rows


def slow_heads(bench: Bench) -> list[Row]:
    """How long others wait beside 1,000 clients that send their head octet by octet."""
    rows = []
    for one in _pair(bench, bench.origin_port):
        with bench.start(one), dawdlers(one.port, 1000):
            value = p95(one.port, 300, 2.0)
        target = 20.0 if one.name == "revproxy" else None
        rows.append(Row("slow heads", one.name, value, "ms (p95)", None, target))
    return rows


def reload(bench: Bench) -> list[Row]:
    """Requests that fail, of 10,000, during five reloads."""
    rows = []
    for one in _pair(bench, bench.origin_port):
        with bench.start(one) as tree:
            failed = reloads(one.port, tree.pid, 10_000)
        for problem, count in Counter(failed).items():
            print(f"    {one.name}: {count} x {problem}", file=sys.stderr)
        target = 0.0 if one.name == "revproxy" else None
        rows.append(Row("reload", one.name, len(failed), "failed", None, target))
    return rows


SCENARIOS: dict[str, Callable[[Bench], list[Row]]] = {
    "get": get,
    "connect": connect,
    "post": post,
    "dynamic": dynamic,
    "download": large_download,
    "upload": large_upload,
    "production": production,
    "growth": growth,
    "idle": idle,
    "start": start,
    "uploads": many_uploads,
    "slow": slow_heads,
    "reload": reload,
    "deflate": deflate,
    "html": html,
    "both": both,
    "rules": rules,
    "stalls": stalls,
    "turns": turns,
    "flat": flat,
    "basic": basic,
    "flood": flood,
    "tls-get": tls_get,
    "tls-handshake": tls_handshake,
    "tls-idle": tls_idle,
}


def _small(bench: Bench, name: str, wrk: Wrk, target: float | None) -> list[Row]:
    return bench.measure(name, _plain(bench), _wrk(bench, wrk), target=target)


def _wrk(bench: Bench, wrk: Wrk) -> Callable[[int], Burst]:
    script = wrk.script(bench.directory)
    return lambda port: wrk.burst(port, bench.seconds, script, bench.load_cores)


def _httpd(bench: Bench, body: str, threads: dict[str, int] = THREADS) -> list[Contender]:
    return [
        apache(bench.place("apache"), free_port(), body, threads),
        revproxy(bench.place("revproxy"), free_port(), body),
    ]


def _plain(
    bench: Bench, origin: int | None = None, threads: dict[str, int] = THREADS
) -> list[Contender]:
    origin = origin or bench.origin_port
    found = [
        *_httpd(bench, _everything(f"http://127.0.0.1:{origin}"), threads),
        nginx(bench.place("nginx"), free_port(), origin),
        haproxy(bench.place("haproxy"), free_port(), origin),
    ]
    return [one for one in found if one.name in bench.names]


def _pair(bench: Bench, origin: int) -> list[Contender]:
    contenders = _httpd(bench, _everything(f"http://127.0.0.1:{origin}"))
    return [one for one in contenders if one.name in bench.names]


def _everything(origin: str) -> str:
    return f"ProxyPass / {origin}/\nProxyPassReverse / {origin}/\n"


def _production(origin: str) -> str:
    lines: list[str] = []
    for host in range(40):
        lines += _host(host)
        for app in range(20):
            lines += [
                f"  ProxyPass /app{app} {origin}/app{app} timeout=30 retry=0",
                f"  ProxyPassReverse /app{app} {origin}/app{app}",
            ]
        for number in range(5):
            lines += [
                f"  RequestHeader set X-Site-{number} value-{host}",
                f'  Header always set X-Policy-{number} "max-age={number}; preload"',
                f"  Header unset X-Powered-{number}",
            ]
        lines += ["</VirtualHost>"]
    return "\n".join(lines)


def _grown(size: int, origin: str) -> str:
    lines: list[str] = []
    for host in range(size):
        lines += _host(host)
        if host == size - 1:
            lines += [f"  ProxyPass /app{app} {origin}/" for app in range(size)]
        else:
            lines += [f"  ProxyPass / {origin}/"]
        lines += ["</VirtualHost>"]
    return "\n".join(lines)


def _host(number: int) -> list[str]:
    return [
        "<VirtualHost *>",
        f"  ServerName h{number}.example.test",
        f"  ServerAlias www.h{number}.example.test *.h{number}.example.net",
    ]


def _long(origin: str) -> str:
    """About 5,000 lines of what stands in real files."""
    lines: list[str] = []
    for host in range(250):
        lines += _host(host)
        lines += ["  ProxyRequests Off", "  ProxyPreserveHost On", "  # the application"]
        for app in range(3):
            lines += [
                f'  <Location "/app{app}">',
                f"    ProxyPass {origin}/app{app} timeout=30",
                f"    ProxyPassReverse {origin}/app{app}",
                '    Header set X-Frame-Options "DENY"',
                "  </Location>",
            ]
        lines += ["</VirtualHost>"]
    return "\n".join(lines)


def _checks(bench: Bench, label: str, body: str, target: float) -> Iterator[Row]:
    place = bench.place("check")
    contender = apache(place, 8000, body, THREADS)
    file = place / "httpd.conf"
    file.write_text(httpd_conf(place, 8000, body))
    checks = {
        "apache": [*contender.command, "-t"],
        "revproxy": [REVPROXY, "lint", str(file)],
    }
    for name, command in checks.items():
        if name in bench.names:
            value = statistics.median(_timed(command) for _ in range(3))
            yield Row(
                f"lint, {label}", name, value, "s", None, target if name == "revproxy" else None
            )


def _explained(bench: Bench, body: str) -> Iterator[Row]:
    if "revproxy" in bench.names:
        place = bench.place("explained")
        place.mkdir()
        file = place / "httpd.conf"
        file.write_text(httpd_conf(place, 8000, body))
        command = [REVPROXY, "explain", str(file), "http://127.0.0.1:8000/page"]
        value = statistics.median(_timed(command) for _ in range(3))
        yield Row("explain, small", "revproxy", value, "s", None, 0.3)


def _timed(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    return time.perf_counter() - begin


def _held(port: int, count: int) -> Iterator[socket.socket]:
    request = b"GET / HTTP/1.1\r\nHost: h0.example.test\r\n\r\n"
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(request)
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"port {port} refused a connection that was to be idle")
        yield connection
