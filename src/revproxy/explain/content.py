"""The content of a message: its body without the framing and the coding it came in.

Laws:
- What is broken stays as it came: who reads it here wants to see it, not an error.
"""

from __future__ import annotations

import zlib

from revproxy.explain.story import Message


def content_of(message: Message, body: bytes) -> bytes:
    """A body as a reader takes it: chunks joined, gzip and deflate undone."""
    if _last(message, "transfer-encoding") == "chunked":
        body = _joined(body)
    coding = _last(message, "content-encoding")
    return _inflated(body) if coding in ("gzip", "x-gzip", "deflate") else body


def _last(message: Message, name: str) -> str:
    return ",".join(message.values(name)).rpartition(",")[2].strip().lower()


def _joined(body: bytes) -> bytes:
    """The chunks' data (RFC 9112, section 7.1)."""
    found, rest = b"", body
    while True:
        line, _, rest = rest.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            return body
        if size == 0:
            return found
        found += rest[:size]
        rest = rest[size + 2 :]


def _inflated(body: bytes) -> bytes:
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        try:
            return zlib.decompress(body, bits)
        except zlib.error:
            continue
    return body
