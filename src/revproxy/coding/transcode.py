"""A coded body that a filter looks into: unpacked for it, and packed again as it was.

Laws:
- gzip, deflate (zlib's and the bare one), Brotli and Zstandard, the latter where their extras are
  there; what is coded twice or otherwise is left alone.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable
from typing import Any, Final

from revproxy.coding.gzip import Encoder, GzipDecoder, GzipEncoder, Limits

_ANY: Final = Limits(ratio=1 << 30, piece=1 << 16)
"""A page is worked on as it unpacks: what it comes to is never held, so it may be anything."""


class Transcoder:
    """Both ways of one coding."""

    step: Final = 4096

    def __init__(self, decode: Callable[[bytes], bytes], encoder: Encoder) -> None:
        self._decode = decode
        self._encoder = encoder

    def decode(self, data: bytes) -> bytes:
        """The plain octets that a coded piece gives. Raises ValueError."""
        return self._decode(data)

    def encode(self, data: bytes) -> bytes:
        return self._encoder.feed(data)

    def flush(self) -> bytes:
        return self._encoder.flush()

    def finish(self) -> bytes:
        return self._encoder.finish()


def transcoder(codings: list[str]) -> Transcoder | None:
    """For a body in these codings, None where it cannot be looked into."""
    if len(codings) != 1:
        return None
    make = _MAKERS.get(codings[0].lower())
    return make() if make is not None else None


def _gzip() -> Transcoder:
    return Transcoder(GzipDecoder(_ANY).feed, GzipEncoder())


class _Deflate:
    """zlib's format, or bare deflate, which some send under its name."""

    def __init__(self) -> None:
        self._decoder: Any = None

    def feed(self, data: bytes) -> bytes:
        if self._decoder is None:
            is_zlib = data[:1] and data[0] & 15 == 8 and data[0] >> 4 < 8
            self._decoder = zlib.decompressobj(15 if is_zlib else -15)
        try:
            plain: bytes = self._decoder.decompress(data)
        except zlib.error as error:
            raise ValueError(f"Zlib error inflating data ({error})") from None
        return plain


class _ZlibEncoder:
    def __init__(self) -> None:
        self._coder = zlib.compressobj(1)

    def feed(self, data: bytes) -> bytes:
        return self._coder.compress(data)

    def flush(self) -> bytes:
        return self._coder.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._coder.flush()


def _deflate() -> Transcoder:
    return Transcoder(_Deflate().feed, _ZlibEncoder())


def _brotli() -> Transcoder | None:
    if importlib.util.find_spec("brotli") is None:
        return None
    import brotli

    from revproxy.coding.brotli import BrotliEncoder

    decoder = brotli.Decompressor()

    def decode(data: bytes) -> bytes:
        try:
            plain: bytes = decoder.process(data)
        except brotli.error as error:
            raise ValueError(f"Brotli error ({error})") from None
        return plain

    return Transcoder(decode, BrotliEncoder(4, 18, 0))


def _zstd() -> Transcoder | None:
    if importlib.util.find_spec("zstandard") is None:
        return None
    import zstandard

    from revproxy.coding.zstd import ZstdEncoder

    decoder = zstandard.ZstdDecompressor().decompressobj()

    def decode(data: bytes) -> bytes:
        try:
            return decoder.decompress(data)
        except zstandard.ZstdError as error:
            raise ValueError(f"Zstandard error ({error})") from None

    return Transcoder(decode, ZstdEncoder(3))


_MAKERS: Final[dict[str, Callable[[], Transcoder | None]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
