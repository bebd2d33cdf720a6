"""LogFormat: a format compiled once to a function that makes the line of an exchange.

Laws:
- No octet of a request can forge a line: what is not printable ASCII, `"` and `\\` are escaped
  as Apache escapes them (`ap_escape_logitem`).
- After an internal redirect some items tell of the request the client made, the others of the one
  that answered; `<` and `>` choose.
- A missing value is "-".
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from typing import Final

from revproxy.http.fields import Field, Fields
from revproxy.http.message import Exchange, tls_variable
from revproxy.log_line import Item, Line, Part, assemble
from revproxy.module import Server

DEFAULT_FORMAT: Final = '%h %l %u %t "%r" %>s %b'
_MEMO_ENTRIES: Final = 1024
_MEMO_LENGTH: Final = 1024

_ESCAPES: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
    ord("\b"): "\\b",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("\v"): "\\v",
}
_memo: dict[str, str] = {}


def escape(text: str) -> str:
    """Text as it may stand in a line, also within quotes."""
    known = _memo.get(text)
    if known is not None:
        return known
    escaped = text
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text:
        escaped = text.translate(_ESCAPES)
    # The same fields and request lines come again and again.
    if len(text) <= _MEMO_LENGTH:
        if len(_memo) >= _MEMO_ENTRIES:
            _memo.clear()
        _memo[text] = escaped
    return escaped


_NEXT: Final = re.compile(r"%|\\(.)", re.DOTALL)
_LITERAL_ESCAPES: Final = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


def compile_format(text: str, server: Server) -> Line:
    """The function that makes lines. Raises ValueError with Apache's message."""
    parts: list[str | Part] = []
    position = 0
    while match := _NEXT.search(text, position):
        parts.append(text[position : match.start()])
        position = match.end()
        if match[1] is not None:
            parts.append(_LITERAL_ESCAPES.get(match[1], match[0]))
        elif text[position : position + 1] == "%":
            parts.append("%")
            position += 1
        else:
            part, position = _parse(text, position, server)
            parts.append(part)
    parts.append(text[position:] + "\n")
    return assemble(parts)


_RAN_OFF: Final = "Ran off end of LogFormat parsing args to some directive"


_MODIFIER: Final = re.compile(r"[!<>,]|(?P<status>[0-9]+)|\{(?P<argument>[^}]*)\}")


def _parse(text: str, position: int, server: Server) -> tuple[Part, int]:
    """One directive, from behind its `%`."""
    argument, statuses = "", set[int]()
    excludes = False
    original: bool | None = None
    while match := _MODIFIER.match(text, position):
        position = match.end()
        if match[0] == "!":
            excludes = True
        elif match[0] in "<>":
            original = match[0] == "<"
        elif match["status"]:
            statuses.add(int(match[0]))
        elif match[0] != ",":
            argument = match["argument"]
    letter = text[position : position + 1]
    if letter in ("", "{"):
        raise ValueError(_RAN_OFF)
    position += 1
    name = letter
    if letter == "^":
        name += text[position : position + 2]
        position += 2
    make = _LETTERS.get(name)
    if make is None:
        raise ValueError(f"Unrecognized LogFormat directive %{letter}")
    item = make(argument, server)
    if statuses:
        item = _if_status(item, frozenset(statuses), excludes)
    return Part(item, name in _OF_ORIGINAL if original is None else original), position


def _if_status(item: Item, statuses: frozenset[int], excludes: bool) -> Item:
    return lambda exchange: item(exchange) if (exchange.status in statuses) is not excludes else "-"


Make = Callable[[str, Server], Item]


def _plain(item: Item) -> Make:
    return lambda _argument, _server: item


def _user(exchange: Exchange) -> str:
    if exchange.user is None:
        return "-"
    return escape(exchange.user) or '""'


def _request_line(exchange: Exchange) -> str:
    return escape(exchange.request_line) or "-"


def _path(exchange: Exchange) -> str:
    return escape(exchange.path or exchange.raw_path or "-")


def _query(exchange: Exchange) -> str:
    return "" if exchange.query is None else escape(f"?{exchange.query}")


def _filename(exchange: Exchange) -> str:
    if exchange.filename is not None:
        return escape(exchange.filename)
    return "-" if exchange.proxy is None else escape(f"proxy:{exchange.proxy.request_url}")


def _address(argument: str, _server: Server) -> Item:
    if argument == "c":
        return lambda exchange: exchange.connection.client_address
    return lambda exchange: exchange.client_address


def _host(argument: str, server: Server) -> Item:
    if argument == "c":
        return _address(argument, server)
    return lambda exchange: exchange.remote_host or exchange.client_address


def _port(argument: str, server: Server) -> Item:
    if argument == "remote":
        return lambda exchange: exchange.client_port
    if argument == "local":
        return lambda exchange: exchange.connection.local_port
    return lambda exchange: server.self_address(exchange)[1]


def _process(argument: str, _server: Server) -> Item:
    if argument == "tid":
        return lambda _exchange: threading.get_ident()
    if argument == "hextid":
        return lambda _exchange: f"{threading.get_ident():x}"
    return (lambda _exchange: os.getpid()) if argument in ("", "pid") else _literal(argument)


def _literal(text: str) -> Item:
    return lambda _exchange: text


def _memoised(extract: Callable[[tuple[Field, ...]], str]) -> Callable[[Fields], str]:
    """What `extract` makes of a table's items, remembered by the items' identity."""
    memo: dict[int, tuple[tuple[Field, ...], str]] = {}

    def value(table: Fields) -> str:
        items = table.items
        known = memo.get(id(items))
        # The entry holds the tuple, so its id cannot have passed to another one.
        if known is not None and known[0] is items:
            return known[1]
        result = extract(items)
        if len(memo) >= _MEMO_ENTRIES:
            memo.clear()
        memo[id(items)] = (items, result)
        return result

    return value


def _field(argument: str, _server: Server) -> Item:
    key = argument.lower()

    def extract(items: tuple[Field, ...]) -> str:
        for item in items:
            if item[0] == key:
                return escape(item[1])
        return "-"

    changed = _memoised(extract)

    def value(exchange: Exchange) -> str:
        if exchange.fields.items is not exchange.block.fields:
            return changed(exchange.fields)
        text = exchange.block.values.get(key)
        return "-" if text is None else escape(text)

    return value


def _trailers_out(exchange: Exchange) -> list[bytes]:
    """What an origin sent behind its chunks; a body of another kind has no trailers."""
    lines: list[bytes] = getattr(exchange.body, "trailers", [])
    return lines


def _trailer(argument: str, lines: Callable[[Exchange], list[bytes]]) -> Item:
    key = argument.lower()

    def value(exchange: Exchange) -> str:
        for line in lines(exchange):
            name, _, text = line.decode("latin-1").partition(":")
            if name.lower() == key:
                return escape(text.strip())
        return "-"

    return value


def _cookie(argument: str, _server: Server) -> Item:
    name = argument.lower()

    def extract(items: tuple[Field, ...]) -> str:
        for item in items:
            if item[0] == "cookie":
                for pair in item[1].split(";"):
                    key, equals, value = pair.partition("=")
                    if equals and key.strip().lower() == name:
                        return escape(value.strip())
        return "-"

    value = _memoised(extract)
    return lambda exchange: value(exchange.fields)


def _response_field(argument: str, _server: Server) -> Item:
    key = argument.lower()
    if key == "content-type":
        return _response_type
    if key == "content-length":
        return _response_length

    def value(exchange: Exchange) -> str:
        found = [
            item[1] for table in (exchange.out, exchange.err) for item in table if item[0] == key
        ]
        if not found:
            return "-"
        return escape(", ".join(found) if key == "set-cookie" else found[0])

    return value


def _response_type(exchange: Exchange) -> str:
    value = exchange.content_type or exchange.out.get("content-type")
    return escape(value or exchange.err.get("content-type") or "-")


def _response_length(exchange: Exchange) -> str:
    value = exchange.out.get("content-length")
    if value is not None:
        return escape(value)
    body = exchange.body
    if isinstance(body, bytes):
        return str(exchange.body_sent or len(body)) if exchange.status not in (204, 304) else "-"
    length = getattr(body, "length", None)
    return "-" if length is None else str(length)


def _note(argument: str, _server: Server) -> Item:
    return lambda exchange: escape(exchange.notes.get(argument, "-"))


def _variable(argument: str, _server: Server) -> Item:
    return lambda exchange: escape(exchange.env.get(argument, "-"))


def _log_id(argument: str, _server: Server) -> Item:
    if argument.lower() == "c":
        return lambda exchange: exchange.connection.memo.get("log_id", "-")
    return lambda exchange: exchange.log_id or "-"


def _kept_alive(exchange: Exchange) -> int:
    """The requests before this one; as in Apache, the one that ends a connection is not counted."""
    return max(0, exchange.connection.requests - (2 if exchange.close else 1))


def _connection_state(exchange: Exchange) -> str:
    if exchange.aborted:
        return "X"
    return "-" if exchange.close else "+"


def _first_byte(exchange: Exchange) -> object:
    return (exchange.first_sent - exchange.started) // 1000 if exchange.first_sent > 0 else "-"


def _duration(argument: str, _server: Server) -> Item:
    divisor = {"": 1_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1000}.get(argument)
    if divisor is None:
        return _literal(argument)
    return lambda exchange: (time.time_ns() - exchange.started) // divisor


_FRACTIONS: Final[dict[str, Callable[[int], str]]] = {
    "sec": lambda moment: str(moment // 1_000_000_000),
    "msec": lambda moment: str(moment // 1_000_000),
    "usec": lambda moment: str(moment // 1000),
    "msec_frac": lambda moment: f"{moment // 1_000_000 % 1000:03d}",
    "usec_frac": lambda moment: f"{moment // 1000 % 1_000_000:06d}",
}


def _time(argument: str, _server: Server) -> Item:
    at_end = argument.startswith("end:")
    form = argument.removeprefix("end:").removeprefix("" if at_end else "begin:")
    if form in ("", "begin", "end"):
        form = "[%d/%b/%Y:%H:%M:%S %z]"
        at_end = at_end or argument == "end"
    fraction = _FRACTIONS.get(form)
    if fraction is not None:
        if at_end:
            return lambda _exchange: fraction(time.time_ns())
        return lambda exchange: fraction(exchange.started)
    second, text = -1, ""

    def render(exchange: Exchange) -> str:
        nonlocal second, text
        moment = (time.time_ns() if at_end else exchange.started) // 1_000_000_000
        if moment != second:
            second, text = moment, time.strftime(form, time.localtime(moment))
        return text

    return render


_OF_ORIGINAL: Final = frozenset(("s", "U", "T", "t", "D", "r", "R", "L"))
"""Items that tell of the request the client made, where nothing else is said."""

_LETTERS: Final[dict[str, Make]] = {
    "a": _address,
    "A": _plain(lambda exchange: exchange.connection.local_address),
    "b": _plain(lambda exchange: exchange.body_sent or "-"),
    "B": _plain(lambda exchange: exchange.body_sent),
    "C": _cookie,
    "D": lambda _argument, server: _duration("us", server),
    "e": _variable,
    "f": _plain(_filename),
    "h": _host,
    "H": _plain(lambda exchange: escape(exchange.protocol)),
    "i": _field,
    "I": _plain(lambda exchange: exchange.bytes_in),
    "k": _plain(_kept_alive),
    "l": _plain(_literal("-")),
    "L": _log_id,
    "m": _plain(lambda exchange: escape(exchange.method) or "-"),
    "n": _note,
    "o": _response_field,
    "O": _plain(lambda exchange: exchange.bytes_out),
    "p": _port,
    "P": _process,
    "q": _plain(_query),
    "r": _plain(_request_line),
    "R": _plain(lambda exchange: escape(exchange.handler or "-")),
    "s": _plain(lambda exchange: exchange.status),
    "S": _plain(lambda exchange: exchange.bytes_in + exchange.bytes_out),
    "t": _time,
    "T": _duration,
    "u": _plain(_user),
    "U": _plain(_path),
    "v": lambda _argument, server: _literal(server.name),
    "V": lambda _argument, server: lambda exchange: escape(server.self_address(exchange)[0]),
    "x": lambda name, _server: lambda exchange: escape(tls_variable(exchange, name) or "-"),
    "X": _plain(_connection_state),
    "^FB": _plain(_first_byte),
    "^ti": lambda argument, _server: _trailer(argument, lambda exchange: exchange.trailers_in),
    "^to": lambda argument, _server: _trailer(argument, _trailers_out),
}
