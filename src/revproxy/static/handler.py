"""The default handler: files below DocumentRoot or an Alias.

Laws:
- GET, HEAD and POST read a file, OPTIONS tells the methods, every other method is 405, and 501
  where nobody knows it; whether there is a file does not matter then.
- A condition that fails (412) or holds (304) ends without a page of ours, as in Apache.
- A small file leaves with the head; a large one is read as it is sent.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from dataclasses import field
from typing import Final

from revproxy.errors import HTTPError
from revproxy.http.conditional import Validators, evaluate, range_applies
from revproxy.http.dates import format_http_date
from revproxy.http.message import Body, Exchange
from revproxy.http.methods import METHODS
from revproxy.http.ranges import Range, RangeLimits, parse_ranges
from revproxy.records import dataclass
from revproxy.static.body import FileBody, Piece
from revproxy.static.etag import DEFAULT_PARTS, join_etags, make_etag

_SMALL: Final = 32 * 1024
_READING: Final = frozenset(("GET", "HEAD", "POST"))


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """How files are served under one combination of sections."""

    etag_parts: frozenset[str] = DEFAULT_PARTS
    ranges: RangeLimits = field(default_factory=RangeLimits)
    accepts_path_info: bool = False
    methods: str = "GET,POST,OPTIONS,HEAD,TRACE"

    async def handle(self, exchange: Exchange) -> bool:
        """Answer with the file. Raises HTTPError."""
        method = exchange.method
        if exchange.notes:
            kind = exchange.notes.get("rewrite-forced-mimetype")
            exchange.content_type = kind or exchange.content_type
        if method == "OPTIONS":
            if exchange.path != "*":
                exchange.out.set("Allow", self.methods)
            exchange.body = b""
            return True
        if method not in _READING:
            if method in METHODS:
                raise HTTPError(405, allow=self.methods)
            raise HTTPError(
                501, f"Invalid method in request {exchange.request_line}", allow=self.methods
            )
        if exchange.filename is None or (exchange.path_info and not self.accepts_path_info):
            raise HTTPError(404)
        fd = self._open(exchange.filename)
        try:
            self._respond(exchange, fd)
        except BaseException:
            os.close(fd)
            raise
        if not isinstance(exchange.body, FileBody):
            os.close(fd)
        return True

    def _open(self, name: str) -> int:
        """The file, open. Raises HTTPError."""
        # Without O_NONBLOCK a FIFO would wait for its writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        try:
            fd = os.open(name.encode("latin-1"), flags)
        except (FileNotFoundError, NotADirectoryError):
            raise HTTPError(404) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise HTTPError(
                403, f"file permissions deny server access: {name} ({reason})"
            ) from None
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode):
            return fd
        os.close(fd)
        if stat.S_ISDIR(mode):
            raise HTTPError(404)
        raise HTTPError(403, f"{name} is no regular file")

    def _respond(self, exchange: Exchange, fd: int) -> None:
        info = os.fstat(fd)
        now = time.time_ns()
        seconds = now // 1_000_000_000
        modified = min(info.st_mtime_ns // 1_000_000_000, seconds)
        etag = make_etag(info, self.etag_parts, now)
        if etag is not None and exchange.list_validator is not None:
            etag = join_etags(etag, exchange.list_validator)
        validators = Validators(etag, modified)
        out = exchange.out
        out.set("Last-Modified", format_http_date(modified))
        if etag is not None:
            out.set("ETag", etag)
        if self.ranges.ranges != 0:
            out.set("Accept-Ranges", "bytes")
        else:
            out.set("Accept-Ranges", "none")
        status = evaluate(exchange.method, exchange.fields, validators, seconds)
        if status:
            exchange.status = status
            exchange.body = b""
            if status == 304:
                drop_content_fields(exchange)
            return
        ranges: list[Range] = []
        wanted = exchange.fields.get("Range")
        if wanted is not None and range_applies(exchange.fields, validators, seconds):
            ranges = parse_ranges(wanted, info.st_size, self.ranges)
        pieces: list[Piece] = [(0, info.st_size)]
        if ranges:
            exchange.status = 206
            pieces = partial(exchange, ranges, info.st_size)
        start, end = ranges[0] if ranges else (0, info.st_size)
        if len(pieces) == 1 and end - start <= _SMALL:
            exchange.body = os.pread(fd, end - start, start)
        else:
            body: Body = FileBody(fd, pieces)
            exchange.body = body


def drop_content_fields(exchange: Exchange) -> None:
    """Say nothing of a content that does not come (304)."""
    exchange.content_type = None
    exchange.out.unset("Content-Encoding")
    exchange.out.unset("Content-Language")


def partial(exchange: Exchange, ranges: list[Range], size: int) -> list[Piece]:
    """The pieces of a 206 and what its head says of them (RFC 9110, section 15.3.7)."""
    if len(ranges) == 1:
        start, end = ranges[0]
        exchange.out.set("Content-Range", f"bytes {start}-{end - 1}/{size}")
        return [ranges[0]]
    boundary = secrets.token_hex(8)
    kind = exchange.content_type
    typed = f"Content-type: {kind}\r\n" if kind else ""
    exchange.content_type = f"multipart/byteranges; boundary={boundary}"
    pieces: list[Piece] = []
    for start, end in ranges:
        head = f"\r\n--{boundary}\r\n{typed}Content-range: bytes {start}-{end - 1}/{size}\r\n\r\n"
        pieces += (head.encode("latin-1"), (start, end))
    pieces.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return pieces
