"""The filter `proxy-html`: a page's content decoded, rewritten and coded again.

Laws:
- Proxied HTML alone is rewritten, unless PROXY_HTML_FORCE is set.
- A compressed page is unpacked first and leaves in the coding it came in; one in a coding that is
  not known here passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from revproxy.coding.response import changed_body, content_codings
from revproxy.coding.transcode import Transcoder, transcoder
from revproxy.errors import OriginError
from revproxy.filters import Filter, Kind, content_type_of, set_content_type
from revproxy.html.page import Kit, Page
from revproxy.html.rules import rules_for
from revproxy.html.text import Map, TextPage, map_json
from revproxy.html.told import Told
from revproxy.html.values import map_css
from revproxy.http.message import Exchange
from revproxy.http.wire import HOP_BY_HOP

_PARSED_STEP: Final = 8192
"""Octets that libxml2's parser makes calls of Python of in some milliseconds."""
_TYPES: Final = ("text/html", "application/xhtml+xml")
_NOT_LIFTED: Final = HOP_BY_HOP | {"content-length", "content-encoding"}
"""Fields of the message itself, which no page may set."""


class HtmlFilter(Filter):
    """Rewrites one page."""

    kind = Kind.RESOURCE

    def __init__(self, kit: Kit, *, interpolates: bool) -> None:
        """`interpolates` where the rules are to be made anew for each request."""
        self._kit = kit
        self._interpolates = interpolates
        self._page: Page | TextPage | None = None
        self._exchange: Exchange | None = None
        self._coding: Transcoder | None = None
        self._told: Told | None = None

    def start(self, exchange: Exchange, size: int | None) -> bool:
        value = content_type_of(exchange) or ""
        kind = value.lower()
        forced = "PROXY_HTML_FORCE" in exchange.env
        if exchange.proxy is None and not forced:
            return False
        is_html = kind.startswith(_TYPES) or (forced and not self._text_rewrite(kind))
        if not (self._kit.recipe.has_links if is_html else self._text_rewrite(kind)):
            return False
        if not self._unpacks(exchange):
            return False
        changed_body(exchange)
        recipe = self._kit.recipe
        kit = self._kit
        rules = recipe.rules
        if self._interpolates:
            rules = rules_for(rules, exchange)
        if exchange.trace is not None:
            self._told = Told(exchange.trace, rules)
        if self._interpolates or self._told is not None:
            kit = Kit(recipe, rules, self._told)
        rewrite = None if is_html else self._text_rewrite(kind)
        if rewrite is not None:
            self._page = TextPage(rewrite, kit.link)
            return True
        self._page = Page(kit, kind)
        self._exchange = exchange
        self.holds_head = recipe.meta or bool(recipe.charset_out)
        if not self.holds_head and size != 0:
            self._set_type(exchange, "utf-8")
        return True

    def _unpacks(self, exchange: Exchange) -> bool:
        """Whether the body can be looked into; how much of it at a time."""
        if self._kit.recipe.as_apache:
            self.step = min(self.step, _PARSED_STEP)
        codings = content_codings(exchange)
        if codings:
            self._coding = transcoder(codings)
            if self._coding is None:
                return False
            self.step = min(self.step, self._coding.step)
        return True

    def _text_rewrite(self, kind: str) -> Callable[[str, Map], str] | None:
        """How a text that is no HTML is rewritten, None where it is not."""
        kind = kind.partition(";")[0].strip()
        if kind == "text/css" and "css" in self._kit.recipe.types:
            return map_css
        is_json = kind == "application/json" or kind.endswith("+json")
        return map_json if is_json and "json" in self._kit.recipe.types else None

    def _set_type(self, exchange: Exchange, charset: str) -> None:
        kind = (content_type_of(exchange) or "").partition(";")[0].strip().lower()
        stays = kind == _TYPES[1] and not self._kit.recipe.as_apache
        kind = kind if stays else _TYPES[0]
        set_content_type(exchange, f"{kind};charset={charset}")

    def feed(self, data: bytes) -> bytes:
        assert self._page is not None
        if self._coding is None:
            return self._seen(self._page.feed(data))
        try:
            plain = self._coding.decode(data)
        except ValueError as error:
            raise OriginError(502, str(error)) from None
        out = self._seen(self._page.feed(plain)) if plain else b""
        return self._coding.encode(out) if out else b""

    def flush(self) -> bytes:
        assert self._page is not None
        out = self._seen(self._page.flush())
        if self._coding is None:
            return out
        return (self._coding.encode(out) if out else b"") + self._coding.flush()

    def finish(self) -> bytes:
        assert self._page is not None
        out = self._seen(self._page.finish())
        if self._told is not None:
            self._told.end()
        if self._coding is None:
            return out
        return (self._coding.encode(out) if out else b"") + self._coding.finish()

    def _seen(self, out: bytes) -> bytes:
        """Change the response's head as soon as the page has said how."""
        if self.holds_head and self._page is not None and self._page.head is not None:
            assert self._exchange is not None
            head, exchange = self._page.head, self._exchange
            self.holds_head = False
            for name, value in head.fields:
                if name.lower() not in _NOT_LIFTED:
                    exchange.out.set(name, value)
            self._set_type(exchange, head.charset)
        return out
