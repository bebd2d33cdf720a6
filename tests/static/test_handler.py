"""The default handler on real files, with the answers that Apache 2.4.71 gave."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from revproxy.errors import HTTPError, OriginError
from revproxy.http.message import Exchange
from revproxy.http.ranges import RangeLimits
from revproxy.static.body import FileBody
from revproxy.static.etag import effective_parts, make_etag, parse_file_etag
from revproxy.static.handler import StaticFiles
from tests.exchanges import lines_of, make_exchange

MODIFIED = 1_700_000_000
TEXT = b"0123456789abcdefghij"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_bytes(TEXT)
    os.utime(tmp_path / "a.txt", ns=(MODIFIED * 10**9, MODIFIED * 10**9 + 500_000_000))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "big").write_bytes(TEXT * 5000)
    return tmp_path


def run(coroutine: Any) -> Any:
    """The result of a coroutine that never waits."""
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    return caught.value.value


def ask(
    root: Path, name: str, *lines: str, method: str = "GET", files: StaticFiles | None = None
) -> Exchange:
    files = files or StaticFiles()
    head = "\r\n".join([f"{method} {name} HTTP/1.1", "Host: h", *lines, "", ""])
    exchange = make_exchange(head, filename=f"{root}{name}", content_type="text/plain")
    assert run(files.handle(exchange))
    return exchange


def content(exchange: Exchange) -> bytes:
    body = exchange.body
    if isinstance(body, bytes):
        return body
    assert isinstance(body, FileBody)
    pieces = bytearray()
    buffer = memoryview(bytearray(7))
    while count := run(body.readinto(buffer)):
        pieces += buffer[:count]
    body.close()
    body.close()
    assert len(pieces) == body.length
    return bytes(pieces)


def test_a_file(root: Path) -> None:
    exchange = ask(root, "/a.txt")
    assert exchange.status == 200
    assert content(exchange) == TEXT
    assert lines_of(exchange.out) == [
        "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT",
        'ETag: "14-60a241825e120"',
        "Accept-Ranges: bytes",
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_large_file_is_read_as_it_is_sent(root: Path, method: str) -> None:
    exchange = ask(root, "/big", method=method)
    assert isinstance(exchange.body, FileBody)
    assert exchange.body.length == 100_000
    assert content(exchange) == TEXT * 5000


def test_a_file_that_shrinks_cuts_the_response_short(root: Path) -> None:
    exchange = ask(root, "/big")
    os.truncate(root / "big", 50)
    with pytest.raises(OriginError):
        content(exchange)
    assert isinstance(exchange.body, FileBody)
    exchange.body.close()


def test_an_empty_file(root: Path) -> None:
    assert content(ask(root, "/empty")) == b""
    assert ask(root, "/empty", "Range: bytes=0-").status == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("/none", 404),
        ("/a.txt/x", 404),
        ("/a.txt/", 404),
        ("/sub/", 404),
        ("/sub", 404),
        ("/fifo", 403),
    ],
)
def test_what_is_not_served(root: Path, name: str, status: int) -> None:
    os.mkfifo(root / "fifo")
    with pytest.raises(HTTPError) as caught:
        ask(root, name)
    assert caught.value.status == status


def test_a_file_that_may_not_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(HTTPError, match="file permissions deny server access") as caught:
        ask(root, "/a.txt")
    assert caught.value.status == 403


def test_no_document_root() -> None:
    with pytest.raises(HTTPError) as caught:
        run(StaticFiles().handle(make_exchange()))
    assert caught.value.status == 404


def test_accepted_path_info(root: Path) -> None:
    exchange = make_exchange(filename=f"{root}/a.txt", path_info="/more")
    with pytest.raises(HTTPError):
        run(StaticFiles().handle(exchange))
    assert run(StaticFiles(accepts_path_info=True).handle(exchange))


@pytest.mark.parametrize("name", ["/a.txt", "/none"])
def test_methods(root: Path, name: str) -> None:
    for method, status in (("PUT", 405), ("DELETE", 405), ("FOO", 501)):
        with pytest.raises(HTTPError) as caught:
            ask(root, name, method=method)
        assert caught.value.status == status
        assert caught.value.allow == "GET,POST,OPTIONS,HEAD,TRACE"
    exchange = ask(root, name, method="OPTIONS")
    assert lines_of(exchange.out) == ["Allow: GET,POST,OPTIONS,HEAD,TRACE"]
    assert exchange.body == b""


def test_not_modified(root: Path) -> None:
    exchange = ask(root, "/a.txt", 'If-None-Match: "14-60a241825e120"')
    assert (exchange.status, exchange.body, exchange.content_type) == (304, b"", None)
    assert "ETag" in exchange.out


def test_a_failed_condition(root: Path) -> None:
    exchange = ask(root, "/a.txt", 'If-Match: "x"')
    assert (exchange.status, exchange.body, exchange.content_type) == (412, b"", "text/plain")


def test_a_range(root: Path) -> None:
    exchange = ask(root, "/a.txt", "Range: bytes=2-5")
    assert exchange.status == 206
    assert exchange.out.get("Content-Range") == "bytes 2-5/20"
    assert content(exchange) == b"2345"
    large = ask(root, "/big", "Range: bytes=1-60000")
    assert content(large) == (TEXT * 5000)[1:60001]


def test_ranges(root: Path) -> None:
    exchange = ask(root, "/a.txt", "Range: bytes=0-3,6-7")
    assert exchange.status == 206
    match = re.fullmatch(
        r"multipart/byteranges; boundary=([0-9a-f]{16})", exchange.content_type or ""
    )
    assert match is not None
    assert content(exchange).decode().split(f"--{match[1]}") == [
        "\r\n",
        "\r\nContent-type: text/plain\r\nContent-range: bytes 0-3/20\r\n\r\n0123\r\n",
        "\r\nContent-type: text/plain\r\nContent-range: bytes 6-7/20\r\n\r\n67\r\n",
        "--\r\n",
    ]


def test_a_range_that_cannot_be(root: Path) -> None:
    with pytest.raises(HTTPError) as caught:
        ask(root, "/a.txt", "Range: bytes=50-")
    assert caught.value.status == 416


def test_no_ranges(root: Path) -> None:
    files = StaticFiles(ranges=RangeLimits(ranges=0))
    exchange = ask(root, "/a.txt", "Range: bytes=0-1", files=files)
    assert exchange.status == 200
    assert exchange.out.get("Accept-Ranges") == "none"


def test_no_file_stays_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    ask(root, "/a.txt")
    ask(root, "/a.txt", 'If-Match: "x"')
    with pytest.raises(HTTPError):
        ask(root, "/a.txt", "Range: bytes=50-")
    with pytest.raises(HTTPError):
        ask(root, "/sub")
    exchange = ask(root, "/big")
    assert isinstance(exchange.body, FileBody)
    exchange.body.close()
    assert len(os.listdir("/proc/self/fd")) == before


def info(size: int, mtime: int, inode: int) -> Any:
    return SimpleNamespace(st_size=size, st_mtime_ns=mtime * 1000, st_ino=inode)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], '"14-ff"'),
        (["All"], '"a-14-ff"'),
        (["None"], None),
        (["INode"], '"a"'),
        (["+INode"], '"a-14-ff"'),
        (["-Size"], '"ff"'),
        (["None", "+Size"], '"14"'),
        (["None Size"], '"14"'),
        (["All", "-MTime -INode"], '"14"'),
    ],
)
def test_file_etag(lines: list[str], expected: str | None) -> None:
    changes = [change for line in lines for change in parse_file_etag(line.split())]
    tag = make_etag(info(20, 255, 10), effective_parts(changes), time.time_ns())
    assert tag == expected


def test_a_fresh_file_has_a_weak_tag() -> None:
    parts = effective_parts([])
    assert make_etag(info(20, 255, 10), parts, 255_000 + 10**9) == 'W/"14-ff"'
    assert make_etag(info(20, 255, 10), parts, 255_001 + 10**9) == '"14-ff"'
    assert make_etag(info(20, 255, 10), parts, 0) == 'W/"14-ff"'


@pytest.mark.parametrize("words", ["foo", "Digest"])
def test_a_wrong_file_etag(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_file_etag([words])
