"""The lines of the error log: Apache's default one, and ErrorLogFormat compiled.

Laws:
- A message cannot forge a line: control characters, backslashes and octets above 126 are escaped
  as Apache escapes them.
- A format is compiled once, at load; what it cannot say is "-" or leaves its field out.
"""

from __future__ import annotations

import base64
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Final

from revproxy.http.message import Connection, Exchange
from revproxy.records import dataclass

LEVELS: Final = {
    name: number
    for number, name in enumerate(
        (
            "emerg",
            "alert",
            "crit",
            "error",
            "warn",
            "notice",
            "info",
            "debug",
            *(f"trace{number}" for number in range(1, 9)),
        )
    )
}
_MAX_MESSAGE: Final = 8192


@dataclass(frozen=True, slots=True)
class Record:
    """What is told of one event."""

    level: str
    module: str
    message: str
    exchange: Exchange | None = None
    connection: Connection | None = None
    error: OSError | None = None


Item = Callable[[Record], str]
Format = Callable[[Record], "str | None"]
"""Gives a line without newline; None where the line is left out."""


def make_log_id() -> str:
    """An id that no other request or connection has."""
    return base64.b64encode(os.urandom(8)).decode("ascii").rstrip("=")


_ESCAPES: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))},
    ord("\\"): "\\\\",
    ord("\b"): "\\b",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("\v"): "\\v",
}


def escape(text: str) -> str:
    """Text as it may stand in a line (`ap_escape_errorlog_item`)."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return text.encode("latin-1", "replace").decode("latin-1").translate(_ESCAPES)


def default_format(*, timed: bool) -> Format:
    """Apache's line where no ErrorLogFormat is set; syslog adds the time itself."""

    def line(record: Record) -> str:
        parts = [f"[{_time_of('u')(record)}] "] if timed else []
        parts.append(f"[{record.module}:{record.level}] ")
        parts.append(f"[pid {os.getpid()}:tid {threading.get_native_id()}] ")
        if record.error is not None:
            parts.append(f"{_errno(record)}: ")
        if record.connection is not None:
            parts.append(f"[client {_client(record)}] ")
        parts.append(escape(record.message[:_MAX_MESSAGE]))
        referer = record.exchange.fields.get("referer") if record.exchange is not None else None
        if referer:
            parts.append(f", referer: {escape(referer)}")
        return "".join(parts)

    return line


@dataclass(slots=True)
class _Piece:
    """A piece of a format: literal text, an item, or the border between two fields."""

    text: str = ""
    item: Item | None = None
    is_border: bool = False
    is_required: bool = False
    has_hyphen: bool = False
    lowest: int = 0


_TOKEN: Final = re.compile(
    r"(?P<border>% | )"
    r"|\\(?P<escaped>.)"
    r"|%(?P<flags>[-+]?[0-9]*[-+]?)(?:\{(?P<argument>[^}]*)\})?(?P<letter>[^{])"
    r"|(?P<broken>%)"
    r"|(?P<text>[^%\\ ]+|\\)",
    re.DOTALL,
)


def compile_format(text: str, *, main: bool, server_name: str = "") -> Format:
    """An ErrorLogFormat; `main` is the line for each message, others go ahead of it.

    Raises ValueError with Apache's message.
    """
    pieces: list[_Piece] = []
    for match in _TOKEN.finditer(text):
        if match["broken"]:
            raise ValueError("Ran off end of error log format parsing args to some directive")
        if match["border"]:
            pieces.append(_Piece(match["border"].removeprefix("% "), is_border=True))
        elif match["letter"]:
            pieces.append(_item(match, server_name))
        else:
            pieces.append(_Piece(match["escaped"] or match["text"]))
    if main and not any(piece.item is _message for piece in pieces):
        raise ValueError("main ErrorLogFormat must contain message format string '%M'")
    if main and any(piece.is_required for piece in pieces):
        raise ValueError("The '+' flag cannot be used in the main error log format")
    return lambda record: _render(pieces, record)


def _item(match: re.Match[str], server_name: str) -> _Piece:
    letter, argument = match["letter"], match["argument"] or ""
    if letter == "%":
        return _Piece("%")
    flags = match["flags"]
    lowest = int(flags.strip("+-") or 0)
    if lowest >= len(LEVELS):
        raise ValueError("The specified loglevel modifier is out of range")
    make = _LETTERS.get(letter)
    if make is None:
        raise ValueError(f"Unrecognized error log format directive %{letter}")
    return _Piece(
        item=make(server_name if letter in "vV" else argument),
        is_required="+" in flags,
        has_hyphen="-" in flags,
        lowest=lowest,
    )


def _render(pieces: list[_Piece], record: Record) -> str | None:
    """The line: a field of which an item is empty is left out whole."""
    done: list[str] = []
    field_start, is_skipping = 0, False
    level = LEVELS[record.level]
    for piece in pieces:
        if piece.is_border:
            is_skipping = False
            field_start = len(done)
            done.append(piece.text)
            continue
        if is_skipping:
            continue
        value = piece.text
        if piece.item is not None:
            value = piece.item(record) if level >= piece.lowest else ""
            if not value and piece.has_hyphen:
                value = "-"
            if not value and piece.is_required:
                return None
            if not value:
                del done[field_start:]
                is_skipping = True
                continue
        done.append(value)
    return "".join(done)


def _client(record: Record) -> str:
    if record.exchange is not None:
        return f"{record.exchange.client_address}:{record.exchange.client_port}"
    return _peer(record)


def _peer(record: Record) -> str:
    connection = record.connection
    if connection is None:
        return ""
    return f"{connection.client_address}:{connection.client_port}"


def _local(record: Record) -> str:
    connection = record.connection
    if connection is None:
        return ""
    return f"{connection.local_address}:{connection.local_port}"


def _errno(record: Record) -> str:
    error = record.error
    return "" if error is None else f"({error.errno or 0}){error.strerror or error}"


def _message(record: Record) -> str:
    return escape(record.message[:_MAX_MESSAGE])


def _field(name: str) -> Item:
    return lambda record: escape(
        (record.exchange.fields.get(name) or "") if record.exchange is not None else ""
    )


def _from_env(name: str) -> Item:
    return lambda record: escape(
        record.exchange.env.get(name, "") if record.exchange is not None else ""
    )


def _from_notes(name: str) -> Item:
    return lambda record: escape(
        record.exchange.notes.get(name, "") if record.exchange is not None else ""
    )


def _log_id(argument: str) -> Item:
    def of_connection(record: Record) -> str:
        return str(record.connection.memo["log_id"]) if record.connection is not None else ""

    if argument.lower() != "c":
        return lambda record: (record.exchange.log_id or "") if record.exchange is not None else ""
    if argument == "c":
        return of_connection
    return lambda record: of_connection(record) if record.exchange is None else ""


def _time_of(options: str) -> Item:
    """The time of the event: `u` microseconds, `m` milliseconds, `c` compact."""

    def render(_record: Record) -> str:
        now = time.time_ns()
        local = time.localtime(now // 1_000_000_000)
        fraction = ""
        if "u" in options:
            fraction = f".{now // 1000 % 1_000_000:06d}"
        elif "m" in options:
            fraction = f".{now // 1_000_000 % 1000:03d}"
        if "c" in options:
            return time.strftime("%Y-%m-%d %H:%M:%S", local) + fraction
        return time.strftime("%a %b %d %H:%M:%S", local) + fraction + f" {local.tm_year}"

    return render


def _keep_alives(record: Record) -> str:
    return "" if record.exchange is None else str(record.exchange.connection.requests - 1)


def _asked_name(server_name: str) -> Item:
    def render(record: Record) -> str:
        return (record.exchange.host if record.exchange is not None else None) or server_name

    return render


def _thread(argument: str) -> Item:
    if argument == "g":
        return lambda _record: str(threading.get_native_id())
    return lambda _record: str(threading.get_ident())


def _plain(item: Item) -> Callable[[str], Item]:
    return lambda _argument: item


_LETTERS: Final[dict[str, Callable[[str], Item]]] = {
    "a": lambda argument: _peer if argument == "c" else _client,
    "A": _plain(_local),
    "e": _from_env,
    "E": _plain(_errno),
    # The place in the source: there is none that an administrator could look up.
    "F": _plain(lambda _record: ""),
    "i": _field,
    "k": _plain(_keep_alives),
    "l": _plain(lambda record: record.level),
    "L": _log_id,
    "m": _plain(lambda record: record.module),
    "M": _plain(_message),
    "n": _from_notes,
    "P": _plain(lambda _record: str(os.getpid())),
    "T": _thread,
    "t": _time_of,
    "v": lambda name: lambda _record: name,
    "V": _asked_name,
}
