"""Field lines and the judge of heads: what request and response heads have in common.

Laws:
- h11 decides what is valid. A field line of printable characters is in h11's grammar by
  construction (`_PLAIN_LINE`), and so is one field that frames the body as nearly all do
  (`is_plainly_framed`), both held by a property test; everything else is put before an
  `h11.Connection`.
- A memo only remembers: it maps what was accepted to what it means. It is bounded, and a miss
  changes the cost, never the answer.
- h11 is loaded when first asked: checking a configuration needs no judge of messages.
- What a proxy must refuse beyond h11 is refused here, once, for both ways: a bare CR or LF, a
  control character.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final, TypeVar, cast

from revproxy.errors import HTTPError
from revproxy.http.fields import Field, make_field

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

MEMO_ENTRIES: Final = 512
"""Blocks and heads that are remembered of each kind. With 4096 their memory left the processor's
cache, and everybody waited 5 ms when they were all forgotten."""

MEMO_LINES: Final = 4096
MEMO_SIZE: Final = 4096
"""Octets of the longest thing that is remembered."""

TOKEN: Final = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"

_PLAIN_LINE: Final = re.compile(rb"(" + TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*)").fullmatch
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search

T = TypeVar("T")

_PLAIN: Final = bytes((0x09, *range(0x20, 0x7F), *range(0x80, 0x100)))
"""The octets of a plain line."""

_lines: dict[bytes, Field] = {}
_names: dict[bytes, str] = {}
"""Names that were met in plain lines, in lower case."""


def remember(memo: dict[bytes, T], key: bytes, value: T) -> None:
    """Put an entry into a memo, within its bounds."""
    if len(key) <= MEMO_SIZE:
        if len(memo) >= MEMO_ENTRIES:
            memo.clear()
        memo[key] = value


def parse_lines(lines: bytes) -> tuple[list[Field], bool]:
    """The fields of a block, and whether any line was not plain. Raises HTTPError(400)."""
    rows = lines.split(b"\r\n")
    # Nearly all lines were met before: two loops in C, and one over what was not.
    found = list(map(_lines.get, rows))
    folded = False
    if not all(found):
        for index, item in enumerate(found):
            if item is None:
                found[index] = plain = _plain_line(rows[index])
                folded = folded or plain is None
    if folded:
        return _with_folded(rows, found), True
    return cast("list[Field]", found), False


def _with_folded(rows: list[bytes], found: list[Field | None]) -> list[Field]:
    """The fields where some lines, for which None stands, go on from the one before."""
    items: list[Field] = []
    for row, item in zip(rows, found, strict=True):
        items.append(_continue_line(items, row) if item is None else item)
    return items


def _plain_line(row: bytes) -> Field | None:
    """The field of a plain line, None for any other."""
    name, colon, value = row.partition(b":")
    lowered = _names.get(name)
    if lowered is None or not colon or row.translate(None, _PLAIN):
        # Behind a name that was met before, a colon and octets that are plain are a plain line:
        # that is found out in a third of the regex's time, and most lines are such.
        if _PLAIN_LINE(row) is None:
            return None
        lowered = name.lower().decode("latin-1")
        remember(_names, name, lowered)
    value = value.strip(b" \t")
    item = (lowered, value.decode("latin-1"), name + b": " + value)
    if len(row) <= MEMO_SIZE:
        if len(_lines) >= MEMO_LINES:
            _lines.clear()
        _lines[row] = item
    return item


def _continue_line(items: list[Field], row: bytes) -> Field:
    """The field that `row` continues (obs-fold, RFC 9112, section 5.2), taken off `items`."""
    if b"\r" in row or b"\n" in row:
        raise HTTPError(400, "Bare CR or LF in a header", close=True)
    if row[:1] not in (b" ", b"\t") or not items or _BAD_VALUE(row.replace(b"\t", b" ")):
        raise HTTPError(400, "Malformed header line", close=True)
    name, value, first = items.pop()
    more = row.strip(b" \t").decode("latin-1")
    spelled = first.split(b":", 1)[0].decode("latin-1")
    return (name, *make_field(spelled, f"{value} {more}".strip())[1:])


@functools.lru_cache(256)
def tokens(value: str | None) -> frozenset[str]:
    """The members of a comma-separated list, in lower case. Connection's are few: remembered.

    Blanks separate as well, as in Apache: what follows one is in no member's name.
    """
    return frozenset() if value is None else frozenset(value.lower().replace(",", " ").split())


_FRAMING: Final = frozenset(("content-length", "transfer-encoding"))
LENGTH: Final = re.compile("[0-9]{1,18}").fullmatch
"""A Content-Length that can be one."""


def is_plainly_framed(items: list[Field], values: Mapping[str, str]) -> bool:
    """Whether no more than one field frames the body, by a plain number or as chunked.

    `values` has a value of each name in `items`. h11 takes 100 µs for a head, and an application's
    answers are never quite alike.
    """
    length, coding = values.get("content-length"), values.get("transfer-encoding")
    if length is None and coding is None:
        return True
    if len(values) < len(items) and sum([item[0] in _FRAMING for item in items]) > 1:
        return False
    if coding is None:
        return LENGTH(length or "") is not None
    return length is None and coding.lower() == "chunked"


def load_judge() -> None:
    """Load h11 now, for who is about to serve: child processes share it."""
    import h11

    assert h11


def judge_request(line: bytes, lines: bytes) -> None:
    """Let h11 judge a whole request head. Raises HTTPError with the status h11 gives."""
    import h11

    judge = h11.Connection(h11.SERVER, max_incomplete_event_size=len(line) + len(lines) + 16)
    try:
        judge.receive_data(line + b"\r\n" + lines + b"\r\n\r\n")
        event = judge.next_event()
    except h11.RemoteProtocolError as error:
        raise HTTPError(error.error_status_hint, str(error), close=True) from None
    if not isinstance(event, h11.Request):
        raise HTTPError(400, close=True)


def judge_response(head: bytes, method: str) -> None:
    """Let h11 judge a whole response head. Raises ValueError with its reason."""
    import h11

    judge = h11.Connection(h11.CLIENT, max_incomplete_event_size=len(head) + 16)
    judge.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    try:
        judge.receive_data(head + b"\r\n\r\n")
        judge.next_event()
    except h11.RemoteProtocolError as error:
        raise ValueError(str(error)) from None
