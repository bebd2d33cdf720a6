"""Style sheets and JSON whose links are rewritten (ProxyHTMLTypes).

Laws:
- CSS: `url()` and `@import`, as in `<style>`. JSON: strings that begin as a rule says; the rest of
  the text keeps its octets.
- A piece ends where nothing is cut in two, or is as long as may be held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from revproxy.html.page import Head
from revproxy.html.scan import MOST_HELD
from revproxy.html.values import map_css

Map = Callable[[str], str]

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def map_json(text: str, link: Map) -> str:
    """The links of JSON text."""

    def mapped(found: re.Match[str]) -> str:
        written = found[0]
        try:
            value = json.loads(written) if "\\" in written else written[1:-1]
        except ValueError:
            return written
        if not value.isascii() and "\\u" in written:
            value = value.encode("utf-8", "surrogatepass").decode("latin-1")
        changed = link(value)
        if changed == value:
            return written
        coded = json.dumps(changed, ensure_ascii=False)
        return coded.replace("/", "\\/") if "\\/" in written else coded

    return _STRING.sub(mapped, text)


def _css_cut(data: bytes) -> int:
    return data.rfind(b"}") + 1


def _json_cut(data: bytes) -> int:
    """Behind the last comma or bracket that no string holds."""
    cut = 0
    for found in re.finditer(rb'"(?:[^"\\]|\\.)*+"|[,\[{}\]]', data, re.DOTALL):
        if found[0][:1] != b'"':
            cut = found.end()
    return cut


class TextPage:
    """A text that is rewritten piece by piece; it says nothing of the response's head."""

    head: Head | None = None

    def __init__(self, rewrite: Callable[[str, Map], str], link: Map) -> None:
        self._rewrite = rewrite
        self._link = link
        self._cut = _css_cut if rewrite is map_css else _json_cut
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        cut = self._cut(data)
        if not cut and len(data) > MOST_HELD:
            cut = len(data)
        self._held = data[cut:]
        return self._mapped(data[:cut])

    def flush(self) -> bytes:
        return b""

    def finish(self) -> bytes:
        rest, self._held = self._held, b""
        return self._mapped(rest)

    def _mapped(self, data: bytes) -> bytes:
        return self._rewrite(data.decode("latin-1"), self._link).encode("latin-1", "replace")
