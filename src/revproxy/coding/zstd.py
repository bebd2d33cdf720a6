"""Zstandard (RFC 8878), for which the extra `zstd` brings the library.

A window above 8 MiB is more than a browser takes (RFC 9659); no level used here has one.
"""

from __future__ import annotations

import zstandard


class ZstdEncoder:
    """Codes one body."""

    __slots__ = ("_coder",)

    def __init__(self, level: int) -> None:
        self._coder = zstandard.ZstdCompressor(level=level).compressobj()

    def feed(self, data: bytes) -> bytes:
        return self._coder.compress(data)

    def flush(self) -> bytes:
        return self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
