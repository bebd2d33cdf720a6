"""Brotli (RFC 7932), for which the extra `brotli` brings the library."""

from __future__ import annotations

import brotli


class BrotliEncoder:
    """Codes one body; `window` and `block` are powers of two, 0 for the library's choice."""

    __slots__ = ("_coder",)

    def __init__(self, quality: int, window: int, block: int) -> None:
        self._coder = brotli.Compressor(quality=quality, lgwin=window, lgblock=block)

    def feed(self, data: bytes) -> bytes:
        coded: bytes = self._coder.process(data)
        return coded

    def flush(self) -> bytes:
        coded: bytes = self._coder.flush()
        return coded

    def finish(self) -> bytes:
        coded: bytes = self._coder.finish()
        return coded
