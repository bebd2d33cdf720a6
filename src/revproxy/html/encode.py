"""The filter `xml2enc`: text of any charset to UTF-8.

Laws:
- text/*, application/xml and what ends in +xml; other types pass.
- The charset of Content-Type says utf-8 afterwards. A `<meta>` that says otherwise is changed.
"""

from __future__ import annotations

import re
from typing import Final

from revproxy.coding.response import changed_body
from revproxy.filters import Filter, Kind, content_type_of, set_content_type
from revproxy.html.charset import (
    SNIFFED,
    Charsets,
    ToUtf8,
    find_codec,
    from_content_type,
    renamed,
    sniff,
    started,
)
from revproxy.http.message import Exchange
from revproxy.module import value_or

_PARAMETER: Final = re.compile(r"(charset\s*=\s*)[^;\s]+", re.IGNORECASE)


class EncodeFilter(Filter):
    """Makes UTF-8 of one response."""

    kind = Kind.RESOURCE

    def __init__(self, charsets: Charsets) -> None:
        self._charsets = charsets
        self._decoder: ToUtf8 | None = None
        self._first = b""
        self._named: str | None = None

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        value = content_type_of(exchange) or ""
        kind = value.partition(";")[0].strip().lower()
        is_text = kind.startswith("text/") or kind == "application/xml" or kind.endswith("+xml")
        if not is_text:
            return False
        changed_body(exchange)
        self._named = from_content_type(value)
        if self._named is None:
            set_content_type(exchange, f"{value};charset=utf-8")
        else:
            set_content_type(exchange, _PARAMETER.sub(r"\1utf-8", value))
        return True

    def feed(self, data: bytes) -> bytes:
        if self._decoder is not None:
            return self._decoder.feed(data)
        self._first += data
        return self._begin() if len(self._first) >= SNIFFED else b""

    def flush(self) -> bytes:
        return self._begin() if self._decoder is None and self._first else b""

    def finish(self) -> bytes:
        out = self._begin() if self._decoder is None else b""
        assert self._decoder is not None
        return out + self._decoder.feed(b"", last=True)

    def _begin(self) -> bytes:
        charsets, data = self._charsets, self._first
        self._first = b""
        named = self._named or sniff(data) or value_or(charsets.default, "")
        codec = find_codec(named, value_or(charsets.aliases, {})) if named else None
        self._decoder = ToUtf8(codec)
        text = self._decoder.feed(data)
        if self._decoder.changes:
            text = renamed(text, "utf-8")
        return started(text, value_or(charsets.start_parse, ()))
