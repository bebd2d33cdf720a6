"""gzip, out and in (RFC 1952).

Laws:
- With no level, window or memory set, the fastest good coder works. Measured as shares of zlib's
  level 6: ISA-L takes 0.1 to 0.2 of the time for 1.06 of the octets of a page of 20 KB, but for
  1.2 to 1.4 of one of 850 KB; zlib-ng's level 2 takes 0.4 for 1.08 of the former, and 0.12 to 0.2
  for 1.04 to 1.18 of the latter. So short bodies go to ISA-L, others to zlib-ng.
- What a configuration sets goes to zlib-ng, whose levels come to zlib's sizes in half its time.
- A decoder gives no more than `piece` octets at a time and judges after each, so that a bomb is
  known before it has gone off (mod_deflate's limits).
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from isal import isal_zlib
from zlib_ng import zlib_ng

_HEADER_SIZE: Final = 10
_SHORT: Final = 64 * 1024
_ISAL_LEVEL: Final = 3
_FAST_LEVEL: Final = 2
_ERROR: Final[type[Exception]] = zlib_ng.error  # type: ignore[assignment]
_LEVELS: Final = {1: 2}
"""zlib-ng's own first level makes a quarter more octets than zlib's; its second makes fewer."""


class Encoder(Protocol):
    """Makes a coded body of a plain one, piece by piece."""

    def feed(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class GzipEncoder:
    """Codes one body of `size` octets, where that is known.

    `level` is 1 to 9, `window` 9 to 15, `memory` 1 to 9, 0 for not set.
    """

    __slots__ = ("_coder", "_header", "_sync")

    def __init__(
        self, level: int = 0, window: int = 0, memory: int = 0, size: int | None = None
    ) -> None:
        self._header = b""
        """gzip's header, which says nothing: it goes out with what follows."""
        is_set = level or window or memory
        if is_set or size is None or size > _SHORT:
            bits = 16 + max(9, window or 15)
            chosen = _LEVELS.get(level, level or 6) if is_set else _FAST_LEVEL
            self._coder: Any = zlib_ng.compressobj(chosen, 8, bits, memory or 9)
            self._sync = zlib_ng.Z_SYNC_FLUSH
        else:
            self._coder = isal_zlib.compressobj(_ISAL_LEVEL, isal_zlib.DEFLATED, 31)
            self._sync = isal_zlib.Z_SYNC_FLUSH

    def feed(self, data: bytes) -> bytes:
        coded: bytes = self._header + self._coder.compress(data)
        if len(coded) > _HEADER_SIZE:
            self._header = b""
            return coded
        self._header = coded
        return b""

    def flush(self) -> bytes:
        coded, self._header = self._header, b""
        return coded + bytes(self._coder.flush(self._sync))

    def finish(self) -> bytes:
        coded, self._header = self._header, b""
        return coded + bytes(self._coder.flush())


class BombError(ValueError):
    """A body that unpacks to more than is allowed; `too_large` where the size is why."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


class Limits:
    """What a decoded body may come to: octets (0 for any), ratio, and how often above it."""

    __slots__ = ("burst", "piece", "ratio", "size")

    def __init__(self, size: int = 0, ratio: int = 200, burst: int = 3, piece: int = 8096) -> None:
        self.size = size
        self.ratio = ratio
        self.burst = burst
        self.piece = piece


class GzipDecoder:
    """Decodes one body. Raises ValueError for what is no gzip, BombError for what is too much."""

    __slots__ = ("_decoder", "_hits", "_limits", "_read", "_written")

    def __init__(self, limits: Limits) -> None:
        self._decoder = zlib_ng.decompressobj(31)
        self._limits = limits
        self._read = self._written = self._hits = 0

    @property
    def is_done(self) -> bool:
        """The end of the coded body has been read."""
        return bool(self._decoder.eof)

    @property
    def surplus(self) -> bytes:
        """What came behind the coded body."""
        rest: bytes = self._decoder.unused_data
        return rest

    def feed(self, data: bytes) -> bytes:
        out = []
        decoder, piece = self._decoder, self._limits.piece
        while not decoder.eof:
            try:
                got = decoder.decompress(data, piece)
            except _ERROR as error:
                raise ValueError(f"Zlib error inflating data ({error})") from None
            rest = decoder.unconsumed_tail
            self._read += len(data) - len(rest) - len(decoder.unused_data)
            self._written += len(got)
            out.append(got)
            self._judge()
            data = rest
            if len(got) < piece:
                break
        return b"".join(out)

    def _judge(self) -> None:
        limits = self._limits
        if limits.size and self._written > limits.size:
            raise BombError(
                f"Inflated content length of {self._written} is larger than the configured limit "
                f"of {limits.size}",
                too_large=True,
            )
        if not self._read or self._written // self._read < limits.ratio:
            self._hits = 0
            return
        self._hits += 1
        if self._hits > limits.burst:
            raise BombError(
                f"Inflated content ratio is larger than the configured limit {limits.ratio} by "
                f"{limits.burst} time(s)"
            )
