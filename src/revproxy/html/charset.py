"""The charset a page is in, and its way to UTF-8 (mod_xml2enc).

Laws:
- In Apache's order: Content-Type, byte order mark or XML declaration, `<meta>`; then
  xml2EncDefault. Where nobody says, a page is UTF-8 as far as it is valid, else ISO-8859-1.
- What is UTF-8 already passes octet for octet, whatever is wrong in it; from another charset an
  invalid octet is left out.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Final

from revproxy.module import Unset, overlay, setting
from revproxy.records import dataclass

SNIFFED: Final = 4096
"""Octets that are looked at."""

_PARAMETER: Final = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:+-]+)", re.IGNORECASE).search
_META: Final = re.compile(
    rb"<meta[^>]*?\bcharset\s*=\s*[\"']?\s*([A-Za-z0-9_.:+-]+)", re.IGNORECASE
).search
_XML: Final = re.compile(
    rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9_.:+-]+)", re.IGNORECASE
).match
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_LATIN: Final = frozenset(("iso8859-1", "ascii"))


_CHARSET: Final = re.compile(
    rb"(<meta[^>]*?\bcharset\s*=\s*[\"']?\s*)[A-Za-z0-9_.:+-]+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Charsets:
    """mod_xml2enc's directives."""

    default: str | Unset = setting()
    aliases: dict[str, str] | Unset = setting(overlay)
    """Charsets by what else they are called, in lower case."""
    start_parse: tuple[str, ...] | Unset = setting()


def renamed(text: bytes, charset: str) -> bytes:
    """The page with its first `<meta>` that names a charset naming this one."""
    return _CHARSET.sub(rb"\g<1>" + charset.encode("latin-1"), text, count=1)


def started(text: bytes, elements: tuple[str, ...]) -> bytes:
    """The page from the first of these elements on (xml2StartParse); whole where none is there."""
    if not elements:
        return text
    words = "|".join(re.escape(element) for element in elements).encode("latin-1")
    found = re.search(rb"<(?:%b)" % words, text, re.IGNORECASE)
    return text if found is None else text[found.start() :]


def find_codec(name: str, aliases: Mapping[str, str]) -> str | None:
    """Python's name of a charset, None where it knows none that reads text."""
    try:
        found = codecs.lookup(aliases.get(name.lower(), name))
    except LookupError:
        return None
    return found.name if getattr(found, "_is_text_encoding", True) else None


def from_content_type(value: str) -> str | None:
    """The charset parameter of a Content-Type."""
    found = _PARAMETER(value)
    return found[1] if found is not None else None


def sniff(data: bytes) -> str | None:
    """What a page's first octets say of its charset."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    found = _XML(data) or _META(data[:SNIFFED])
    if found is None:
        return "utf-8" if data.startswith(b"<?xml") else None
    name = found[1].decode("ascii")
    # A page that could be read so far is not in UTF-16, whatever it says.
    return "utf-8" if name.lower().startswith(("utf-16", "utf16")) else name


class ToUtf8:
    """A page on its way to UTF-8, piece by piece."""

    __slots__ = ("_decoder", "_guess", "_rest")

    def __init__(self, codec: str | None) -> None:
        """`codec` None to take it for UTF-8 as far as that is valid."""
        self._guess = codec is None
        self._rest = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        if codec is not None and codec != "utf-8":
            self._decoder = codecs.getincrementaldecoder(_web_name(codec))("ignore")

    @property
    def changes(self) -> bool:
        """The page is not UTF-8 as it comes."""
        return self._decoder is not None

    def feed(self, data: bytes, *, last: bool = False) -> bytes:
        if self._decoder is not None:
            return self._decoder.decode(data, last).encode("utf-8", "ignore")
        if not self._guess:
            return data
        data, self._rest = self._rest + data, b""
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            start = error.start
            if not last and error.end == len(data) and len(data) - start < 4:
                # A character that is not whole yet.
                self._rest = data[start:]
                return data[:start]
            self._decoder = codecs.getincrementaldecoder("windows-1252")("ignore")
            return data[:start] + self.feed(data[start:], last=last)
        return data


def _web_name(codec: str) -> str:
    """ISO-8859-1 stands for windows-1252 on the web (WHATWG's Encoding Standard)."""
    return "windows-1252" if codec in _LATIN else codec
