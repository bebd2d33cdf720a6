"""The body of a file, or of pieces of it (`http.message.Body`).

Laws:
- Never a whole file in memory: each read fills the buffer it is given.
- A file that became shorter cuts the response short, so that nobody takes it for whole.
"""

from __future__ import annotations

import os

from revproxy.errors import OriginError

Piece = bytes | tuple[int, int]
"""Octets as they are, or a part of the file: the first octet and the one behind the last."""


class FileBody:
    """Pieces of an open file, which is closed with the body."""

    __slots__ = ("_fd", "_index", "_offset", "_pieces", "first", "length", "timeout")

    def __init__(self, fd: int, pieces: list[Piece]) -> None:
        self._fd = fd
        self._pieces = pieces
        self._index = 0
        self._offset = 0
        self.first = b""
        self.timeout: float | None = None
        self.length: int | None = sum(
            len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces
        )

    async def readinto(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer) and self._index < len(self._pieces):
            piece = self._pieces[self._index]
            if isinstance(piece, bytes):
                count, size = self._copy(piece, buffer[filled:]), len(piece)
            else:
                count, size = self._read(piece, buffer[filled:]), piece[1] - piece[0]
            filled += count
            self._offset += count
            if self._offset == size:
                self._index += 1
                self._offset = 0
        return filled

    def _copy(self, piece: bytes, buffer: memoryview) -> int:
        part = piece[self._offset : self._offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def _read(self, piece: tuple[int, int], buffer: memoryview) -> int:
        start = piece[0] + self._offset
        wanted = min(len(buffer), piece[1] - start)
        try:
            count = os.preadv(self._fd, [buffer[:wanted]], start)
        except OSError as error:
            raise OriginError(500, f"a file could not be read: {error.strerror}") from None
        if not count:
            raise OriginError(500, "a file became shorter while it was sent")
        return count

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
