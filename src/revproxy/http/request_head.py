"""Request heads (RFC 9112, section 3): bytes to what they say.

Laws:
- Lines are read, and h11 is asked, by `wire`; a header block that was accepted is remembered.
- Refused beyond h11: Transfer-Encoding next to Content-Length or in HTTP/1.0, more than one
  Content-Length or Host, and what the Limit directives forbid.
- Repeated fields become one, joined with ", " (`ap_get_mime_headers_core`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

from revproxy.errors import HTTPError
from revproxy.http.fields import Field, make_field
from revproxy.http.wire import (
    HOP_BY_HOP,
    LENGTH,
    TOKEN,
    is_plainly_framed,
    judge_request,
    parse_lines,
    remember,
    tokens,
)
from revproxy.records import dataclass

_HOP: Final = HOP_BY_HOP | {"host", "content-length", "expect"}
"""Fields that end here, whatever Connection names."""

_REQUEST_LINE: Final = re.compile(
    rb"(" + TOKEN + rb") ([\x21-\x7e\x80-\xff]+) (HTTP/[0-9]\.[0-9])"
).fullmatch
_OLD_REQUEST_LINE: Final = re.compile(rb"GET ([\x21-\x7e\x80-\xff]+) ?").fullmatch
_BARE_LF: Final = re.compile(rb"(?<!\r)\n").search
_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?!.*\.\.)[-A-Za-z0-9._~!$&'()*+,;=%]+)(?::0*(?P<port>[1-9][0-9]{0,4}))?"
).fullmatch
_NOT_ASCII: Final = bytes.maketrans(bytes(range(128, 256)), b"x" * 128)


@dataclass(frozen=True, slots=True)
class Limits:
    """LimitRequestLine, LimitRequestFields (0: none) and LimitRequestFieldSize, in octets.

    `old` lets HTTP/0.9 in (HttpProtocolOptions Allow0.9).
    """

    line: int = 8190
    fields: int = 100
    field_size: int = 8190
    old: bool = True

    @property
    def head(self) -> int:
        """Octets that no acceptable head is longer than."""
        return self.line + (self.fields or 1000) * (self.field_size + 2) + 4


@dataclass(slots=True, eq=False)
class RequestBlock:
    """What the field lines of a request say. Never changed; not frozen, as many are new."""

    fields: tuple[Field, ...]
    host: str | None
    length: int | None
    """Content-Length; None where there is none."""
    chunked: bool
    connection: frozenset[str]
    """The options of Connection, in lower case."""
    expect: str | None
    upgrade: str | None
    end_to_end: tuple[Field, ...]
    """`fields` without this hop's (RFC 9110, section 7.6.1), Host, Content-Length and Expect."""
    values: Mapping[str, str]
    """The value of each name in `fields`."""
    count: int
    """Field lines as received."""
    size: int
    """Octets that no field is longer than, joined or not."""
    lines: bytes
    """The field lines as received."""


@dataclass(slots=True)
class RequestHead:
    """A request up to its body."""

    line: str
    method: str
    target: str
    protocol: str
    block: RequestBlock


_request_blocks: dict[bytes, RequestBlock] = {}
_request_lines: dict[bytes, tuple[str, str, str, str]] = {}

NO_FIELDS: Final = RequestBlock((), None, None, False, frozenset(), None, None, (), {}, 0, 0, b"")


def parse_request(head: bytes, limits: Limits, latest: RequestBlock | None = None) -> RequestHead:
    """A request head, given without its final empty line.

    `latest` is what the same client said last: mostly it says the same again.
    Raises HTTPError: 400 malformed, 414 request line too long, 501 unknown transfer coding,
    505 another major version.
    """
    line, _, lines = head.partition(b"\r\n")
    parts = _request_lines.get(line) or _parse_request_line(line, lines, limits)
    if latest is not None and latest.lines == lines:
        block = latest
    else:
        block = _request_blocks.get(lines) or _parse_request_block(line, lines)
    if block.size > limits.field_size or block.count > limits.fields:
        _check_fields(block, limits)
    text, method, target, protocol = parts
    if protocol == "HTTP/1.1":
        if block.host is None:
            raise HTTPError(400, close=True)
    elif block.chunked:
        raise HTTPError(400, "Transfer-Encoding in an HTTP/1.0 request", close=True)
    return RequestHead(text, method, target, protocol, block)


def check_incomplete(head: bytes | bytearray, scanned: int, limits: Limits) -> None:
    """Refuse a head that cannot become acceptable, before its end has come.

    `scanned` octets of it were looked at before. Raises HTTPError 400 or 414.
    """
    if _BARE_LF(head, max(0, scanned - 1)):
        raise HTTPError(400, close=True)
    line_end = head.find(b"\r\n")
    if line_end < 0:
        if len(head) > limits.line + 1:
            raise HTTPError(414, close=True)
    elif len(head) - head.rfind(b"\n") > limits.field_size + 2:
        raise HTTPError(400, "Size of a request header field exceeds server limit.", close=True)
    elif len(head) > limits.head:
        raise HTTPError(400, "The request's header is too large.", close=True)


def _check_fields(block: RequestBlock, limits: Limits) -> None:
    if max([len(item[2]) for item in block.fields], default=0) > limits.field_size:
        raise HTTPError(400, "Size of a request header field exceeds server limit.", close=True)
    if block.count > limits.fields > 0:
        text = "The number of request header fields exceeds this server's limit."
        raise HTTPError(400, text, close=True)


def _parse_request_line(line: bytes, lines: bytes, limits: Limits) -> tuple[str, str, str, str]:
    # Apache's buffer takes one octet more than LimitRequestLine says.
    if len(line) > limits.line + 1:
        raise HTTPError(414, close=True)
    match = _REQUEST_LINE(line)
    if match is None:
        old = _OLD_REQUEST_LINE(line)
        if old is None or lines or not limits.old:
            raise HTTPError(400, close=True)
        return line.decode("latin-1"), "GET", old[1].decode("latin-1"), "HTTP/0.9"
    text = line.decode("latin-1")
    method, target, protocol = text.split(" ")
    if not protocol.startswith("HTTP/1."):
        raise HTTPError(505 if protocol[5] > "1" else 400, close=True)
    if "#" in target:
        raise HTTPError(400, close=True)
    version = "HTTP/1.0" if protocol == "HTTP/1.0" else "HTTP/1.1"
    parts = (text, method, target, version)
    remember(_request_lines, line, parts)
    return parts


def _parse_request_block(line: bytes, lines: bytes) -> RequestBlock:
    if not lines:
        return NO_FIELDS
    items, folded = parse_lines(lines)
    joined = items
    values = {name: value for name, value, _ in items}
    if len(values) < len(items):
        _refuse_repeated(items)
        joined = _join_repeated(items)
        values = {name: value for name, value, _ in joined}
    if folded or not is_plainly_framed(items, values):
        # h11 takes ASCII alone in a target, Apache octets above it too.
        judge_request(line.translate(_NOT_ASCII) if _REQUEST_LINE(line) else line, lines)
    if "transfer-encoding" in values and "content-length" in values:
        raise HTTPError(400, "Both Transfer-Encoding and Content-Length", close=True)
    host = values.get("host")
    if host is not None and not _is_host(host):
        raise HTTPError(400, "Invalid Host", close=True)
    length = values.get("content-length")
    if length is not None and LENGTH(length) is None:
        raise HTTPError(400, "Invalid Content-Length", close=True)
    connection = tokens(values.get("connection"))
    hop = _HOP if connection <= _HOP else _HOP | connection
    block = RequestBlock(
        fields=tuple(joined),
        host=host,
        length=None if length is None else int(length),
        chunked="transfer-encoding" in values,
        connection=connection,
        expect=values.get("expect"),
        upgrade=values.get("upgrade"),
        end_to_end=tuple([item for item in joined if item[0] not in hop]),
        values=values,
        count=len(items),
        # A line without a blank behind the colon gets one.
        size=len(lines) + len(items),
        lines=lines,
    )
    remember(_request_blocks, lines, block)
    return block


def _refuse_repeated(items: list[Field]) -> None:
    names = [item[0] for item in items]
    for name in ("content-length", "host"):
        if names.count(name) > 1:
            raise HTTPError(400, f"More than one {name} field", close=True)


@functools.lru_cache(1024)
def _is_host(text: str) -> bool:
    match = _HOST(text)
    return match is not None and int(match["port"] or 1) < 65536


def _join_repeated(items: list[Field]) -> list[Field]:
    joined: dict[str, Field] = {}
    for item in items:
        first = joined.get(item[0])
        if first is None:
            joined[item[0]] = item
        else:
            name = first[2].split(b":", 1)[0].decode("latin-1")
            joined[item[0]] = make_field(name, f"{first[1]}, {item[1]}")
    return list(joined.values())


def is_old_line(data: bytes) -> bool:
    """Whether a first line is HTTP/0.9's, which has no head after it."""
    line = data.partition(b"\r\n")[0]
    return line.startswith(b"GET ") and line.count(b" ") == 1
