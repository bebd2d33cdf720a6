"""The scenarios of what passes through: compression, links in HTML, and both.

Laws:
- Apache and revproxy get the same lines; pages come from the origin uncompressed, as a browser
  with `Accept-Encoding: gzip` gets them.
- What goes out is checked once a server: a page that was not compressed, or not rewritten, or that
  takes more than 1.2 of Apache's octets, is no result.
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from tests.bench.contest import Bench, Row
from tests.bench.load import Burst, Wrk
from tests.bench.page import page
from tests.bench.processes import free_port
from tests.bench.servers import Contender, apache, revproxy
from tests.bench.stress import p95
from tests.stalling import FILTERS, longest_turn

_LINKS = """ProxyHTMLLinks a href
ProxyHTMLLinks area href
ProxyHTMLLinks link href
ProxyHTMLLinks img src longdesc usemap
ProxyHTMLLinks object classid codebase data usemap
ProxyHTMLLinks q cite
ProxyHTMLLinks blockquote cite
ProxyHTMLLinks form action
ProxyHTMLLinks input src usemap
ProxyHTMLLinks head profile
ProxyHTMLLinks base href
ProxyHTMLLinks script src for
ProxyHTMLLinks iframe src
"""
_COMPRESSED = "Accept-Encoding: gzip\r\n"


def deflate(bench: Bench) -> list[Row]:
    """An 850 KB page, compressed."""
    return _measure(bench, "deflate 850K", "SetOutputFilter DEFLATE", "/page850", 10, 0.2)


def html(bench: Bench) -> list[Row]:
    """An 850 KB page and one of 20 KB whose links are rewritten."""
    lines = _html(bench) + "ProxyHTMLEnable On\n"
    rows = _measure(bench, "html 850K", lines, "/page850", 20, 0.5)
    return rows + _small_pages(bench, lines)


def _small_pages(bench: Bench, lines: str) -> list[Row]:
    """Pages of 20 KB to many clients at once, as all small answers are measured."""
    contenders = _contenders(bench, lines)
    _check(bench, contenders, lines, "/page20")
    wrk = Wrk((("h0.example.test", "/page20"),))
    script = wrk.script(bench.directory)
    return bench.measure(
        "html 20K",
        contenders,
        lambda port: wrk.burst(port, bench.seconds, script, bench.load_cores),
        unit="µs/page",
        target=0.6,
    )


def both(bench: Bench) -> list[Row]:
    """An 850 KB page whose links are rewritten and that is compressed."""
    lines = _html(bench) + "SetOutputFilter proxy-html;DEFLATE\n"
    return _measure(bench, "html+deflate 850K", lines, "/page850", 10, 0.5)


def stalls(bench: Bench) -> list[Row]:
    """How long small requests wait beside pages that are rewritten and compressed, on one child."""
    rows = []
    lines = _html(bench) + "<Location /page850>\nSetOutputFilter proxy-html;DEFLATE\n</Location>\n"
    for one in _contenders(bench, lines):
        with bench.start(one), _pages(one.port, "/page850"):
            value = p95(one.port, 300, 2.0)
        target = 20.0 if one.name == "revproxy" else None
        rows.append(Row("beside pages", one.name, value, "ms (p95)", None, target))
    return rows


def flat(bench: Bench) -> list[Row]:
    """What the memory of a process grows by for a page of 200 MB."""
    rows = []
    lines = _html(bench) + "SetOutputFilter proxy-html;DEFLATE\n"
    for one in _contenders(bench, lines):
        with (
            bench.start(one) as tree,
            socket.create_connection(("127.0.0.1", one.port), timeout=300) as connection,
        ):
            _fetch(connection, "/page20")
            before = tree.peak()
            _fetch(connection, "/page200m")
            grown = (tree.peak() - before) / 1024
        target = 16.0 if one.name == "revproxy" else None
        rows.append(Row("200 MB page", one.name, grown, "MiB more", None, target))
    return rows


def turns(bench: Bench) -> list[Row]:
    """The longest turn of a connection while a page of 20 MB passes each filter, in CPU time."""
    document = page("http://o.internal", 20_000_000)
    rows = []
    for name in FILTERS:
        # Brotli's last quality takes a second for 200 KB, in a thread.
        part = document[:200_000] if name == "br, quality 11" else document
        value = min(trio.run(longest_turn, name, part) for _ in range(2))
        rows.append(Row(f"longest turn: {name}", "revproxy", value, "ms", None, 10.0))
    return rows


@contextmanager
def _pages(port: int, path: str) -> Iterator[None]:
    """Pages that are fetched one after the other, as long as the block lasts."""
    ended = threading.Event()

    def fetch() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            while not ended.is_set():
                _fetch(connection, path)

    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _html(bench: Bench) -> str:
    return f"{_LINKS}ProxyHTMLURLMap http://127.0.0.1:{bench.origin_port}/ /\n"


def _measure(
    bench: Bench, name: str, lines: str, path: str, count: int, target: float
) -> list[Row]:
    contenders = _contenders(bench, lines)
    _check(bench, contenders, lines, path)

    def burst(port: int) -> Burst:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            for _ in range(count):
                _fetch(connection, path)
        return Burst(count, 0.0)

    return bench.measure(name, contenders, burst, unit="µs/page", target=target)


def _contenders(bench: Bench, lines: str) -> list[Contender]:
    body = f"ProxyPass / http://127.0.0.1:{bench.origin_port}/\n{lines}\n"
    both = (
        apache(bench.place("apache"), free_port(), body, _SERVERS, _MODULES),
        revproxy(bench.place("revproxy"), free_port(), body),
    )
    return [one for one in both if one.name in bench.names]


_SERVERS = {"StartServers": 1, "ThreadsPerChild": 4, "MaxRequestWorkers": 4, "MinSpareThreads": 1}
_MODULES = ("filter", "deflate", "proxy_html", "xml2enc")


def _check(bench: Bench, contenders: list[Contender], lines: str, path: str) -> None:
    sizes = {}
    for one in contenders:
        with (
            bench.start(one),
            socket.create_connection(("127.0.0.1", one.port), timeout=60) as connection,
        ):
            head, data = _fetch(connection, path)
        sizes[one.name] = len(data)
        if "DEFLATE" in lines:
            data = gzip.decompress(data)
        if b'href="/style.css"' not in data and "ProxyHTML" in lines:
            raise RuntimeError(f"{one.name} rewrote nothing: {head!r}")
    if len(sizes) == 2 and sizes["revproxy"] > 1.2 * sizes["apache"]:
        raise RuntimeError(f"too many octets: {sizes}")


def _fetch(connection: socket.socket, path: str) -> tuple[bytes, bytes]:
    """A page on a kept connection: its head, and its body without chunks."""
    request = f"GET {path} HTTP/1.1\r\nHost: h0.example.test\r\n{_COMPRESSED}\r\n"
    connection.sendall(request.encode("latin-1"))
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, data = data.partition(b"\r\n\r\n")
    fields = head.lower()
    if b"content-length: " in fields:
        length = int(fields.partition(b"content-length: ")[2].split(b"\r\n")[0])
        pieces = [data]
        size = len(data)
        while size < length:
            pieces.append(_some(connection))
            size += len(pieces[-1])
        return head, b"".join(pieces)
    pieces = [data]
    while not pieces[-1].endswith(b"0\r\n\r\n"):
        pieces.append(_some(connection))
    return head, _joined(b"".join(pieces))


def _joined(data: bytes) -> bytes:
    out, at = [], 0
    while True:
        end = data.index(b"\r\n", at)
        size = int(data[at:end], 16)
        if not size:
            return b"".join(out)
        out.append(data[end + 2 : end + 2 + size])
        at = end + 4 + size


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 18)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
