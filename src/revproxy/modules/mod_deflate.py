"""mod_deflate: DEFLATE and INFLATE for responses, DEFLATE for requests' bodies.

Laws:
- A server's settings are merged as `coding.settings` says.
- Without DeflateCompressionLevel, WindowSize or MemLevel the fastest good coder works; with them
  they mean what they say.
- DeflateZstd is revproxy's own: where DEFLATE compresses, a client that takes zstd gets that.
"""

from __future__ import annotations

import dataclasses

from revproxy.coding.accept import accepts, weights
from revproxy.coding.compress import Coding, CompressFilter
from revproxy.coding.gzip import Encoder, GzipEncoder, Limits
from revproxy.coding.inflate import InflateFilter, inflate_request
from revproxy.coding.settings import ALTER_ETAG, alter_etag_of, merged_alone, parse_note
from revproxy.config.tree import Directive
from revproxy.filters import Filter
from revproxy.http.message import Exchange, RequestBody
from revproxy.module import (
    BodyMaker,
    FilterMaker,
    Module,
    Scope,
    Server,
    Unset,
    number,
    setting,
    value_or,
)
from revproxy.named_filters import check_extra
from revproxy.records import dataclass

_SERVER = ("level", "window", "memory", "buffer", "alter_etag", "notes", "zstd")
_ZSTD_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes in octets; `zstd` where DeflateZstd is on."""

    level: int | Unset = setting()
    window: int | Unset = setting()
    memory: int | Unset = setting()
    buffer: int | Unset = setting()
    alter_etag: str | Unset = setting()
    notes: dict[str, str] | Unset = setting()
    zstd: bool | Unset = setting()
    limit: int | Unset = setting()
    ratio: int | Unset = setting()
    burst: int | Unset = setting()

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """`inner` over `outer`; what a server has of its own stands alone."""
        found: Settings = merged_alone(outer, inner, _SERVER)
        return found


def _parse_zstd(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    is_on = directive.values[0].lower() == "on"
    if is_on:
        check_extra("zstandard", 0)
    return dataclasses.replace(settings, zstd=is_on)


def _deflate(settings: Settings, _server: Server) -> FilterMaker:
    level = value_or(settings.level, 0)
    window, memory = value_or(settings.window, 0), value_or(settings.memory, 0)
    coding = Coding(
        name="gzip",
        etag_suffix="gzip",
        encoder=lambda size: GzipEncoder(level, window, memory, size),
        alter_etag=alter_etag_of(settings),
        only_html="gzip-only-text/html",
        force="force-gzip",
        notes=value_or(settings.notes, None),
    )
    if not value_or(settings.zstd, False):
        return lambda _exchange: CompressFilter(coding)
    zstd = dataclasses.replace(coding, name="zstd", etag_suffix="zstd", encoder=_zstd_encoder)

    def choose(exchange: Exchange) -> Filter:
        wanted = weights(exchange.fields.joined("accept-encoding") or "")
        best = accepts(exchange.fields, "zstd") and "force-gzip" not in exchange.env
        best = best and wanted.get("zstd", 0) >= wanted.get("gzip", 0)
        return CompressFilter(zstd if best else coding)

    return choose


def _zstd_encoder(_size: int | None) -> Encoder:
    from revproxy.coding.zstd import ZstdEncoder

    return ZstdEncoder(_ZSTD_LEVEL)


def _limits(settings: Settings, size: int = 0) -> Limits:
    return Limits(
        size,
        value_or(settings.ratio, 200),
        value_or(settings.burst, 3),
        value_or(settings.buffer, 8096),
    )


def _inflate(settings: Settings, _server: Server) -> FilterMaker:
    limits = _limits(settings)
    alter = alter_etag_of(settings)
    return lambda _exchange: InflateFilter(limits, alter)


def _inflate_request(settings: Settings, _server: Server) -> BodyMaker:
    limit = value_or(settings.limit, 0)

    def limits(exchange: Exchange) -> Limits:
        # LimitRequestBody counts what was sent; here it counts what that came to.
        return _limits(settings, limit or exchange.plan.limit_body)

    def make(exchange: Exchange, body: RequestBody) -> RequestBody:
        return inflate_request(exchange, body, limits)

    return make


MODULE = Module(
    name="mod_deflate",
    settings=Settings,
    directives={
        "deflatecompressionlevel": number("level", low=1, high=9),
        "deflatewindowsize": number("window", low=1, high=15),
        "deflatememlevel": number("memory", low=1, high=9),
        "deflatebuffersize": number("buffer", low=1),
        "deflatealteretag": ALTER_ETAG,
        "deflatefilternote": parse_note,
        "deflateinflatelimitrequestbody": number("limit"),
        "deflateinflateratiolimit": number("ratio", low=1),
        "deflateinflateratioburst": number("burst", low=1),
        "deflatezstd": _parse_zstd,
    },
    filters={"deflate": _deflate, "inflate": _inflate},
    input_filters={"deflate": _inflate_request},
)
