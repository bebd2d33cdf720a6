"""mod_brotli: BROTLI_COMPRESS for responses.

Laws:
- A server that has any of the directives has none of the main server's, as with mod_deflate.
- The extra `brotli` brings the coder; a configuration that needs it and has it not is an error.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from revproxy.coding.compress import Coding, CompressFilter
from revproxy.coding.gzip import Encoder
from revproxy.coding.settings import ALTER_ETAG, alter_etag_of, merged_alone, parse_note
from revproxy.module import (
    FilterMaker,
    Module,
    Server,
    Unset,
    number,
    setting,
    value_or,
)
from revproxy.records import dataclass

_SLOW: Final = 7
"""From this quality on a step takes more than some milliseconds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`window` and `block` are powers of two."""

    quality: int | Unset = setting()
    window: int | Unset = setting()
    block: int | Unset = setting()
    alter_etag: str | Unset = setting()
    notes: dict[str, str] | Unset = setting()

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """What a server has of its own stands alone."""
        names = (item.name for item in dataclasses.fields(Settings))
        found: Settings = merged_alone(outer, inner, names)
        return found


def _brotli(settings: Settings, _server: Server) -> FilterMaker:
    quality = value_or(settings.quality, 5)
    window, block = value_or(settings.window, 18), value_or(settings.block, 0)

    def encoder(_size: int | None) -> Encoder:
        from revproxy.coding.brotli import BrotliEncoder

        return BrotliEncoder(quality, window, block)

    coding = Coding(
        name="br",
        etag_suffix="br",
        encoder=encoder,
        alter_etag=alter_etag_of(settings),
        off="no-brotli",
        smallest=-1,
        notes=value_or(settings.notes, None),
        is_heavy=quality >= _SLOW,
    )
    return lambda _exchange: CompressFilter(coding)


MODULE = Module(
    name="mod_brotli",
    settings=Settings,
    directives={
        "brotlicompressionquality": number("quality", low=0, high=11),
        "brotlicompressionwindow": number("window", low=10, high=24),
        "brotlicompressionmaxinputblock": number("block", low=16, high=24),
        "brotlialteretag": ALTER_ETAG,
        "brotlifilternote": parse_note,
    },
    filters={"brotli_compress": _brotli},
)
