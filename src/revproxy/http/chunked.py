"""The chunked transfer coding (RFC 9112, section 7.1), read without keeping a body in memory.

Laws:
- Strict framing: hexadecimal size, CRLF, exactly so many octets, CRLF. Anything else ends it.
- A chunk's size line and the trailer section are bounded; extensions and trailers are dropped.
"""

from __future__ import annotations

import re
from typing import Final

MAX_SIZE_LINE: Final = 8190
MAX_TRAILER: Final = 64 * 1024

_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?").fullmatch
_TRAILER_LINE: Final = re.compile(
    rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*|[ \t][\t\x20-\x7e\x80-\xff]*"
).fullmatch

LAST_CHUNK: Final = b"0\r\n\r\n"


class ChunkedReader:
    """Takes the coded octets as they come, gives the decoded ones.

    `done` is True after the last chunk and its trailers; `rest` then holds what came after them.
    """

    __slots__ = ("_held", "_remaining", "_state", "_trailer_size", "done", "rest", "trailers")

    def __init__(self) -> None:
        self._held = b""
        """An unfinished line."""
        self._remaining = 0
        self._state = "size"
        self._trailer_size = 0
        self.done = False
        self.rest = b""
        self.trailers: list[bytes] = []
        """The lines of the trailer section: for the log, never passed on."""

    def feed(self, data: bytes) -> bytes:
        """Decode a piece. Raises ValueError where it is not the chunked coding."""
        if self._state == "data" and len(data) <= self._remaining:
            self._advance(len(data))
            return data
        data = self._held + data
        self._held = b""
        pieces: list[bytes] = []
        position = 0
        while not self.done and position < len(data):
            if self._state == "data":
                piece = data[position : position + self._remaining]
                pieces.append(piece)
                position += len(piece)
                self._advance(len(piece))
                continue
            end = data.find(b"\r\n", position)
            if end < 0:
                self._hold(data[position:])
                break
            self._line(data[position:end])
            position = end + 2
        if self.done:
            self.rest = data[position:]
        return b"".join(pieces)

    def _advance(self, count: int) -> None:
        self._remaining -= count
        if not self._remaining:
            self._state = "end"

    def _hold(self, piece: bytes) -> None:
        if self._state == "end" and piece not in (b"\r", b""):
            raise ValueError("chunk longer than its size")
        limit = MAX_TRAILER if self._state == "trailer" else MAX_SIZE_LINE
        if len(piece) > limit or b"\n" in piece:
            raise ValueError("malformed chunk")
        self._held = piece

    def _line(self, line: bytes) -> None:
        if self._state == "end":
            if line:
                raise ValueError("chunk longer than its size")
            self._state = "size"
        elif self._state == "size":
            match = _SIZE_LINE(line)
            if match is None or len(line) > MAX_SIZE_LINE:
                raise ValueError("malformed chunk size")
            self._remaining = int(match[1], 16)
            self._state = "data" if self._remaining else "trailer"
        elif not line:
            self.done = True
        else:
            self._trailer_size += len(line)
            if self._trailer_size > MAX_TRAILER or _TRAILER_LINE(line) is None:
                raise ValueError("malformed trailer section")
            self.trailers.append(line)


def chunk(data: bytes | memoryview) -> bytes:
    """`data` as one chunk; it must not be empty, for that would end the body."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))
