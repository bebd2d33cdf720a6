"""Response heads (RFC 9112, section 4): an origin's bytes to what they say.

Laws:
- Lines are read, and h11 is asked, by `wire`; a head that was accepted is remembered.
- Fields of one name stay apart, but for Vary, which is merged as Apache does it; a date in an
  obsolete format is written anew.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from revproxy.errors import HTTPError
from revproxy.http.dates import format_http_date, parse_http_date
from revproxy.http.fields import Field, make_field
from revproxy.http.wire import (
    HOP_BY_HOP,
    is_plainly_framed,
    judge_response,
    parse_lines,
    remember,
    tokens,
)
from revproxy.records import dataclass

MAX_RESPONSE_HEAD: Final = 256 * 1024
"""Octets of a response head after which the origin is given up."""

_HOP: Final = HOP_BY_HOP | {"proxy-authenticate"}
"""Fields that end here, whatever Connection names."""

_DATES: Final = frozenset(("date", "expires", "last-modified"))
_STATUS_LINE: Final = re.compile(
    rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?"
).fullmatch


@dataclass(slots=True, eq=False)
class ResponseHead:
    """A response up to its body. `reason` is "" where the origin sent none.

    Never changed; not frozen, as an application's answers are all new (3 µs).
    """

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
    size: int
    """Octets that no line is longer than."""
    status_line: bytes
    """The status line as an HTTP/1.1 recipient gets it, with its CRLF."""
    lines: bytes
    """`end_to_end`, each line with its CRLF."""


_response_heads: dict[bytes, ResponseHead] = {}


def parse_response(head: bytes, method: str) -> ResponseHead:
    """A response head, given without its final empty line.

    Raises ValueError with the reason where the origin does not speak HTTP/1.x.
    """
    known = _response_heads.get(head)
    if known is None:
        known = _parse_response(head, method)
        remember(_response_heads, head, known)
    return known


def _parse_response(head: bytes, method: str) -> ResponseHead:
    line, _, lines = head.partition(b"\r\n")
    status, reason, protocol, status_line = _parse_status_line(line)
    try:
        items, folded = parse_lines(lines) if lines else ([], False)
    except HTTPError as error:
        raise ValueError(error.detail) from None
    values = {name: value for name, value, _ in items}
    if folded or not is_plainly_framed(items, values):
        # h11 refuses lengths that differ; those that agree are one.
        judge_response(head, method)
    if len(values) < len(items):
        items = _without_repeated(items, "content-length")
        for name in ("connection", "upgrade"):
            if name in values:
                values[name] = _joined(items, name)
    length = values.get("content-length")
    connection = tokens(values.get("connection"))
    hop = _HOP if connection <= _HOP else _HOP | connection
    if status in (204, 304):
        hop |= {"content-length"}
    end_to_end = tuple(
        [
            item if item[0] not in _DATES else _for_recipient(item)
            for item in items
            if item[0] not in hop
        ]
    )
    if "vary" in values and ("," in values["vary"] or len(values) < len(items)):
        end_to_end = merge_vary(end_to_end)
    return ResponseHead(
        status,
        reason,
        protocol,
        tuple(items),
        int(length.split(",")[0]) if length is not None else None,
        "transfer-encoding" in values,
        connection,
        values.get("upgrade"),
        end_to_end,
        frozenset([item[0] for item in end_to_end]),
        # A line without a blank behind the colon gets one.
        len(head) + len(items),
        status_line,
        b"\r\n".join([item[2] for item in end_to_end]) + b"\r\n" if end_to_end else b"",
    )


@functools.lru_cache(256)
def _parse_status_line(line: bytes) -> tuple[int, str, str, bytes]:
    """Status, reason, protocol and the line as it goes on. Raises StatusLineError."""
    match = _STATUS_LINE(line)
    if match is None:
        raise StatusLineError(line.decode("latin-1"))
    minor, status, reason = match.groups()
    return (
        int(status),
        (reason or b"").decode("latin-1"),
        "HTTP/1.0" if minor == b"0" else "HTTP/1.1",
        b"HTTP/1.1 %b %b\r\n" % (status, reason or b""),
    )


def _joined(items: list[Field], name: str) -> str:
    """All values under a name as one list (RFC 9110, section 5.3)."""
    return ", ".join([item[1] for item in items if item[0] == name])


class StatusLineError(ValueError):
    """The first line of a response is no status line of HTTP/1.x; its text is the argument."""


def _without_repeated(items: list[Field], name: str) -> list[Field]:
    """Of the fields of this name the first one alone."""
    first = next((index for index, item in enumerate(items) if item[0] == name), -1)
    return [item for index, item in enumerate(items) if item[0] != name or index == first]


def _for_recipient(item: Field) -> Field:
    """A date, one in an obsolete format written anew (RFC 9110, section 5.6.7)."""
    if item[1].endswith(" GMT") and item[1][3:5] == ", ":
        return item
    seconds = parse_http_date(item[1])
    if seconds is None:
        return item
    return make_field(item[2].split(b":", 1)[0].decode("latin-1"), format_http_date(seconds))


def merge_vary(items: tuple[Field, ...]) -> tuple[Field, ...]:
    """All Vary fields as one, each name once, joined as Apache does (`fixup_vary`)."""
    fields = [item for item in items if item[0] == "vary"]
    if len(fields) == 1 and "," not in fields[0][1]:
        return items
    names: dict[str, str] = {}
    for item in fields:
        for word in item[1].split(","):
            name = word.strip()
            if name:
                names.setdefault(name.lower(), name)
    merged = make_field("Vary", ",".join(names.values()))
    if len(fields) == 1 and fields[0][1] == merged[1]:
        return items
    return (*(item for item in items if item[0] != "vary"), merged)
