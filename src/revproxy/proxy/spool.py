"""A request body kept aside until its length is known, for origins that must be told it.

Laws:
- In memory up to a limit, then in a file without a name: never a whole large body in memory.
"""

from __future__ import annotations

import tempfile
from typing import IO, Final

from revproxy.http.message import RequestBody

_IN_MEMORY: Final = 64 * 1024
_PIECE: Final = 64 * 1024


class Spooled:
    """The rest of a body, read to its end (`http.message.RequestBody`)."""

    def __init__(self, file: IO[bytes], before: int, size: int) -> None:
        self._file = file
        self.length: int | None = before + size
        self.is_finished = False
        self.expects_continue = False

    @classmethod
    async def of(cls, body: RequestBody, before: int) -> Spooled:
        """Read a body of which `before` octets were taken already. Raises HTTPError."""
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed at its end
        size = 0
        while piece := await body.read():
            file.write(piece)
            size += len(piece)
        file.seek(0)
        return cls(file, before, size)

    def at_hand(self) -> bytes | None:
        """It is read piece by piece."""
        return None

    async def read(self) -> bytes:
        """The next piece, b"" at the end."""
        if self.is_finished:
            return b""
        piece = self._file.read(_PIECE)
        if not piece:
            self.is_finished = True
            self._file.close()
        return piece

    async def readinto(self, buffer: memoryview) -> int:
        """The next piece into a buffer, 0 at the end."""
        piece = await self.read()
        buffer[: len(piece)] = piece
        return len(piece)
