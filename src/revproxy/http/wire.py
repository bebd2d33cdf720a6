"""Bytes to heads: the request and response heads of HTTP/1.1 (RFC 9112).

Laws:
- h11 decides what is valid. A field line of printable characters is in h11's grammar by
  construction (`_PLAIN_LINE`, held by a property test); everything else is put before an
  `h11.Connection`.
- A memo only remembers: it maps a header block, or a field line, that was accepted to what it
  means. It is bounded, and a miss changes the cost, never the answer.
- What a proxy must refuse beyond h11 is refused here, once, for both ways: a bare CR or LF, a
  control character, Transfer-Encoding next to Content-Length or in HTTP/1.0, more than one
  Content-Length or Host.
- Repeated request fields become one, joined with ", " (`ap_get_mime_headers_core`); response
  fields stay apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import h11

from revproxy.errors import HTTPError
from revproxy.http.fields import Field, make_field

MAX_RESPONSE_HEAD: Final = 256 * 1024
"""Octets of a response head after which the origin is given up."""

HOP_BY_HOP: Final = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Fields of one connection, whatever Connection names (RFC 9110, section 7.6.1)."""

_MEMO_ENTRIES: Final = 4096
_MEMO_BLOCK_SIZE: Final = 4096

_PLAIN_LINE: Final = re.compile(
    rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)"
).fullmatch
_REQUEST_LINE: Final = re.compile(
    rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) (HTTP/[0-9]\.[0-9])"
).fullmatch
_OLD_REQUEST_LINE: Final = re.compile(rb"GET ([\x21-\x7e\x80-\xff]+) ?").fullmatch
_STATUS_LINE: Final = re.compile(
    rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?"
).fullmatch
_BARE_CR_OR_LF: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)").search
_BARE_LF: Final = re.compile(rb"(?<!\r)\n").search
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
_HOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|[-A-Za-z0-9._~!$&'()*+,;=%]+)(?::[0-9]*)?"
).fullmatch
_NOT_ASCII: Final = bytes.maketrans(bytes(range(128, 256)), b"x" * 128)


@dataclass(frozen=True, slots=True)
class Limits:
    """LimitRequestLine, LimitRequestFields (0: none) and LimitRequestFieldSize, in octets."""

    line: int = 8190
    fields: int = 100
    field_size: int = 8190

    @property
    def head(self) -> int:
        """Octets that no acceptable head is longer than."""
        return self.line + (self.fields or 1000) * (self.field_size + 2) + 4


@dataclass(frozen=True, slots=True, eq=False)
class RequestBlock:
    """What the field lines of a request say."""

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
    names: frozenset[str]
    """The names in `fields`."""
    count: int
    """Field lines as received."""
    longest: int
    """Octets of the longest field after joining."""


@dataclass(slots=True)
class RequestHead:
    """A request up to its body."""

    line: str
    method: str
    target: str
    protocol: str
    block: RequestBlock


@dataclass(frozen=True, slots=True, eq=False)
class ResponseHead:
    """A response up to its body. `reason` is "" where the origin sent none."""

    status: int
    reason: str
    protocol: str
    fields: tuple[Field, ...]
    length: int | None
    chunked: bool
    connection: frozenset[str]
    upgrade: str | None
    end_to_end: tuple[Field, ...]
    """`fields` without those of this hop (RFC 9110, section 7.6.1)."""
    names: frozenset[str]
    """The names in `end_to_end`."""
    wire: bytes
    """Status line and `end_to_end` as an HTTP/1.1 recipient gets them, each line with its CRLF."""


_lines: dict[bytes, Field] = {}
_request_blocks: dict[bytes, RequestBlock] = {}
_response_heads: dict[bytes, ResponseHead] = {}
_request_lines: dict[bytes, tuple[str, str, str, str]] = {}

NO_FIELDS: Final = RequestBlock(
    (), None, None, False, frozenset(), None, None, (), frozenset(), 0, 0
)


def parse_request(head: bytes, limits: Limits) -> RequestHead:
    """A request head, given without its final empty line.

    Raises HTTPError: 400 malformed, 414 request line too long, 501 unknown transfer coding,
    505 another major version.
    """
    line, _, lines = head.partition(b"\r\n")
    parts = _request_lines.get(line) or _parse_request_line(line, lines, limits)
    block = _request_blocks.get(lines) or _parse_request_block(line, lines)
    if block.longest > limits.field_size or block.count > limits.fields:
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
        if len(head) > limits.line:
            raise HTTPError(414, close=True)
    elif len(head) - head.rfind(b"\n") > limits.field_size + 2:
        raise HTTPError(400, "Size of a request header field exceeds server limit.", close=True)
    elif len(head) > limits.head:
        raise HTTPError(400, "The request's header is too large.", close=True)


def _check_fields(block: RequestBlock, limits: Limits) -> None:
    if block.longest > limits.field_size:
        raise HTTPError(400, "Size of a request header field exceeds server limit.", close=True)
    if block.count > limits.fields > 0:
        text = "The number of request header fields exceeds this server's limit."
        raise HTTPError(400, text, close=True)


def _parse_request_line(line: bytes, lines: bytes, limits: Limits) -> tuple[str, str, str, str]:
    if len(line) > limits.line:
        raise HTTPError(414, close=True)
    match = _REQUEST_LINE(line)
    if match is None:
        old = _OLD_REQUEST_LINE(line)
        if old is None or lines:
            raise HTTPError(400, close=True)
        return line.decode("latin-1"), "GET", old[1].decode("latin-1"), "HTTP/0.9"
    method, target, protocol = (part.decode("latin-1") for part in match.groups())
    if not protocol.startswith("HTTP/1."):
        raise HTTPError(505 if protocol[5] > "1" else 400, close=True)
    if "#" in target:
        raise HTTPError(400, close=True)
    version = "HTTP/1.0" if protocol == "HTTP/1.0" else "HTTP/1.1"
    parts = (line.decode("latin-1"), method, target, version)
    if len(_request_lines) >= _MEMO_ENTRIES:
        _request_lines.clear()
    _request_lines[line] = parts
    return parts


def _parse_request_block(line: bytes, lines: bytes) -> RequestBlock:
    if not lines:
        return NO_FIELDS
    items, folded = _parse_lines(lines)
    names = [item[0] for item in items]
    for name in ("content-length", "host"):
        if names.count(name) > 1:
            raise HTTPError(400, f"More than one {name} field", close=True)
    if folded or "transfer-encoding" in names or "content-length" in names:
        _ask_h11_request(line, lines)
    if "transfer-encoding" in names and "content-length" in names:
        raise HTTPError(400, "Both Transfer-Encoding and Content-Length", close=True)
    joined = _join_repeated(items) if len(set(names)) < len(names) else items
    values = {name: value for name, value, _ in joined}
    host = values.get("host")
    if host is not None and _HOST(host) is None:
        raise HTTPError(400, "Invalid Host", close=True)
    connection = _tokens(values.get("connection"))
    hop = HOP_BY_HOP | connection | {"host", "content-length", "expect"}
    block = RequestBlock(
        fields=tuple(joined),
        host=host,
        length=int(values["content-length"]) if "content-length" in values else None,
        chunked="transfer-encoding" in values,
        connection=connection,
        expect=values.get("expect"),
        upgrade=values.get("upgrade"),
        end_to_end=tuple(item for item in joined if item[0] not in hop),
        names=frozenset(values),
        count=len(items),
        longest=max(len(item[2]) for item in joined),
    )
    if len(lines) <= _MEMO_BLOCK_SIZE:
        if len(_request_blocks) >= _MEMO_ENTRIES:
            _request_blocks.clear()
        _request_blocks[lines] = block
    return block


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


def _parse_lines(lines: bytes) -> tuple[list[Field], bool]:
    """The fields of a block, and whether any line was not plain. Raises HTTPError(400)."""
    rows = lines.split(b"\r\n")
    try:
        return [_lines[row] for row in rows], False
    except KeyError:
        pass
    if _BARE_CR_OR_LF(lines):
        raise HTTPError(400, "Bare CR or LF in a header", close=True)
    items: list[Field] = []
    plain = True
    for row in rows:
        item = _lines.get(row)
        if item is None:
            match = _PLAIN_LINE(row)
            if match is None:
                plain = False
                item = _continue_line(items, row)
            else:
                name, value = match.groups()
                item = (
                    name.lower().decode("latin-1"),
                    value.strip(b" \t").decode("latin-1"),
                    row,
                )
                _remember_line(row, item)
        items.append(item)
    return items, not plain


def _continue_line(items: list[Field], row: bytes) -> Field:
    """The field that `row` continues (obs-fold, RFC 9112, section 5.2), taken off `items`."""
    if row[:1] not in (b" ", b"\t") or not items or _BAD_VALUE(row.replace(b"\t", b" ")):
        raise HTTPError(400, "Malformed header line", close=True)
    name, value, first = items.pop()
    more = row.strip(b" \t").decode("latin-1")
    spelled = first.split(b":", 1)[0].decode("latin-1")
    return (name, *make_field(spelled, f"{value} {more}".strip())[1:])


def _remember_line(row: bytes, item: Field) -> None:
    if len(row) <= _MEMO_BLOCK_SIZE:
        if len(_lines) >= _MEMO_ENTRIES:
            _lines.clear()
        _lines[row] = item


def _tokens(value: str | None) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(token.strip().lower() for token in value.split(",") if token.strip())


def _ask_h11_request(line: bytes, lines: bytes) -> None:
    """Let h11 judge a whole request head. Raises HTTPError with the status h11 gives."""
    judge = h11.Connection(h11.SERVER, max_incomplete_event_size=len(line) + len(lines) + 16)
    if _REQUEST_LINE(line):
        line = line.translate(_NOT_ASCII)
    try:
        judge.receive_data(line + b"\r\n" + lines + b"\r\n\r\n")
        event = judge.next_event()
    except h11.RemoteProtocolError as error:
        raise HTTPError(error.error_status_hint, str(error), close=True) from None
    if not isinstance(event, h11.Request):
        raise HTTPError(400, close=True)


def parse_response(head: bytes, method: str) -> ResponseHead:
    """A response head, given without its final empty line.

    Raises ValueError with the reason where the origin does not speak HTTP/1.x.
    """
    known = _response_heads.get(head)
    if known is None:
        known = _parse_response(head, method)
        if len(head) <= _MEMO_BLOCK_SIZE:
            if len(_response_heads) >= _MEMO_ENTRIES:
                _response_heads.clear()
            _response_heads[head] = known
    return known


def _parse_response(head: bytes, method: str) -> ResponseHead:
    line, _, lines = head.partition(b"\r\n")
    match = _STATUS_LINE(line)
    if match is None:
        raise ValueError("malformed status line")
    minor, status, reason = match.groups()
    try:
        items, folded = _parse_lines(lines) if lines else ([], False)
    except HTTPError as error:
        raise ValueError(error.detail) from None
    names = [item[0] for item in items]
    if folded or "transfer-encoding" in names or "content-length" in names:
        _ask_h11_response(head, method)
    if names.count("content-length") > 1:
        values = {value for name, value, _ in items if name == "content-length"}
        if len(values) > 1:
            raise ValueError("conflicting Content-Length fields")
    lists: dict[str, str] = {}
    for name, value, _ in items:
        lists[name] = f"{lists[name]}, {value}" if name in lists else value
    length = lists.get("content-length")
    connection = _tokens(lists.get("connection"))
    hop = HOP_BY_HOP | connection | {"proxy-authenticate"}
    end_to_end = tuple(item for item in items if item[0] not in hop)
    return ResponseHead(
        status=int(status),
        reason=(reason or b"").decode("latin-1"),
        protocol="HTTP/1.0" if minor == b"0" else "HTTP/1.1",
        fields=tuple(items),
        length=int(length.split(",")[0]) if length is not None else None,
        chunked="transfer-encoding" in lists,
        connection=connection,
        upgrade=lists.get("upgrade"),
        end_to_end=end_to_end,
        names=frozenset(item[0] for item in end_to_end),
        wire=b"\r\n".join(
            (b"HTTP/1.1 %b %b" % (status, reason or b""), *(item[2] for item in end_to_end), b"")
        ),
    )


def _ask_h11_response(head: bytes, method: str) -> None:
    """Let h11 judge a whole response head. Raises ValueError with its reason."""
    judge = h11.Connection(h11.CLIENT, max_incomplete_event_size=len(head) + 16)
    judge.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    try:
        judge.receive_data(head + b"\r\n\r\n")
        judge.next_event()
    except h11.RemoteProtocolError as error:
        raise ValueError(str(error)) from None
