"""What an origin is taken to answer, as people write it, save it or describe it.

Laws:
- A head ends its lines as it likes; a body is what it is, octet for octet.
- The length that is sent is the body's: who saved a head alone, or a body that was unpacked on the
  way, means what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from revproxy.explain.ask import BadRequestError

_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(rb"(?:HTTP/(\d(?:\.\d)?) +)?([1-9]\d\d)(?:[ \t]+(.*))?", re.IGNORECASE)
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)")
_CHUNKS: Final = re.compile(rb"[0-9A-Fa-f]+[ \t]*(?:;[^\r\n]*)?\r\n")


def read_response(data: bytes) -> bytes:
    """The octets of a response: `HTTP/1.1 200 OK` or `200 OK`, fields, an empty line, the body.

    Interim responses may stand before it. Raises BadRequestError.
    """
    data = data.lstrip(b"\r\n")
    end = _END.search(data)
    head, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    first, *lines = head.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        raise BadRequestError("a response begins with its status line, as in HTTP/1.1 200 OK")
    status = int(match[2])
    version = b"1.0" if match[1] == b"1.0" else b"1.1"
    first = b"HTTP/%s %d %s" % (version, status, match[3] or b"")
    fields = [_field(line) for line in lines]
    if status < 200 and status != 101:
        return (
            b"\r\n".join([first, *(line for _, line in fields)]) + b"\r\n\r\n" + read_response(body)
        )
    return _framed(first, fields, body, has_body=status not in (101, 204, 304))


def _field(line: bytes) -> tuple[bytes, bytes]:
    """A field's name in lower case, and its line. Raises BadRequestError."""
    match = _FIELD.fullmatch(line)
    if match is None:
        shown = line.decode("latin-1")
        raise BadRequestError(f"a response's fields are written as Name: value, not '{shown}'")
    return match[1].lower(), b"%s: %s" % (match[1], match[2].strip())


def _framed(
    first: bytes, fields: list[tuple[bytes, bytes]], body: bytes, *, has_body: bool
) -> bytes:
    """A final response, with the length of its body."""
    codings = [line for name, line in fields if name == b"transfer-encoding"]
    is_chunked = any(b"chunked" in line.lower() for line in codings) and _CHUNKS.match(body)
    lines = [line for name, line in fields if name not in (b"transfer-encoding", b"content-length")]
    if is_chunked:
        lines += codings
    elif has_body or body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n" + body


def made_response(
    status: int, fields: Iterable[tuple[str, str]], body: bytes, reason: str = "Played"
) -> bytes:
    """A response of these parts; one that names no type is HTML. Raises BadRequestError."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    if not any(line.lower().startswith("content-type:") for line in lines):
        lines.insert(1, "Content-Type: text/html")
    return read_response("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
