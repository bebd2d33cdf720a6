"""mod_data: a response as a `data:` URL (RFC 2397)."""

from __future__ import annotations

import base64

from revproxy.coding.response import changed_body
from revproxy.filters import Filter, Kind, content_type_of, set_content_type
from revproxy.http.message import Exchange
from revproxy.module import FilterMaker, Module, Server
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """There are no directives."""


class DataFilter(Filter):
    """Writes one response as a URL."""

    kind = Kind.RESOURCE

    def __init__(self) -> None:
        self._prefix = b""
        self._rest = b""

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        kind, _, parameters = (content_type_of(exchange) or "").partition(" ")
        charset = parameters.partition(" ")[0]
        self._prefix = f"data:{kind}{charset};base64,".encode("latin-1")
        changed_body(exchange)
        set_content_type(exchange, "text/plain")
        return True

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data
        whole = len(data) - len(data) % 3
        self._rest = data[whole:]
        prefix, self._prefix = self._prefix, b""
        return prefix + base64.b64encode(data[:whole])

    def finish(self) -> bytes:
        return self._prefix + base64.b64encode(self._rest)


def _data(_settings: Settings, _server: Server) -> FilterMaker:
    return lambda _exchange: DataFilter()


MODULE = Module(name="mod_data", settings=Settings, filters={"data": _data})
