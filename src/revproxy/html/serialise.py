"""A page written anew from what libxml2's parser makes of it, as mod_proxy_html writes it.

`ProxyHTMLSerializer apache`, for those who compare answers with Apache's; the extra `html` brings
lxml, and with it the parser.

Laws:
- What the parser tells is written at once: no tree is built, and what is held is bounded. The
  parser keeps all that it was fed, so that a new one takes its place from time to time, at a tag
  within `<body>`, and is told which elements are open. One token is held whole.
- As in Apache: names in lower case, values in double quotes, entities as characters but for
  `& < > "`, no document type of the page's own, no processing instructions, ends of elements where
  the parser sees them. With ProxyHTMLExtended a comment that a tag follows is lost.
- Line ends are those of the page's first line.
- The parser does not tell `<input checked>` from `<input checked="">`: the former gets a value that
  no page has, which is taken out again (`_NONE`).
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from lxml import etree

from revproxy.html.html4 import EMPTY
from revproxy.html.links import Form

Mapped = Callable[[str, Form], str]
Text = Callable[[bytes], bytes]

_MOST_HELD: Final = 256 * 1024
_NONE: Final = f"=n{secrets.token_hex(8)}"
_NONE_OCTETS: Final = _NONE.encode("ascii")
_MARK: Final = f"m{secrets.token_hex(8)}"
"""An attribute that shows where a tag is one: the parser tells of it, and a comment does not."""
_MARK_TEXT: Final = f" {_MARK}"
_MOST_FED: Final = 4 * 1024 * 1024
"""Octets that one parser may be fed, about."""

_WS: Final = rb"\t\n\f\r "
_VALUE: Final = rb"""[%b]*+=[%b]*+(?:"[^"]*+"|'[^']*+'|[^%b"'<>][^%b<>]*+)""" % (_WS, _WS, _WS, _WS)
_ATTRIBUTE: Final = rb"""[%b/]++[^%b/<>="']++(?:%b)?+""" % (_WS, _WS, _VALUE)
_BARE: Final = re.compile(
    rb"""<[a-zA-Z][^%b/<>="']*+(?:[%b/]++[^%b/<>="']++%b)*+(?=[%b/]++[^%b/<>="'])(?:%b)*+[%b/]*+>"""
    % (_WS, _WS, _WS, _VALUE, _WS, _WS, _ATTRIBUTE, _WS)
)
"""A whole tag in which some attribute has no value."""
_ATTRIBUTES: Final = re.compile(rb"""([%b/]++[^%b/<>="']++)(%b)?+""" % (_WS, _WS, _VALUE))
_START: Final = re.compile(rb"""<[a-zA-Z][a-zA-Z0-9]*+(?=(?:[%b][^<>"']*+)?+>)""" % _WS)
"""A start tag up to its attributes, without quotes."""
_OPEN: Final = re.compile(
    rb"""<(?:[a-zA-Z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+(?:"[^"]*+|'[^']*+)?)?\Z"""
).match
"""A tag that is not whole."""

_RAW: Final = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"))
"""Elements whose text is not markup: it is written as it is."""
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class Serializer:
    """One page, piece by piece, in UTF-8; the parser calls `start`, `end`, `data`, `comment`."""

    def __init__(
        self,
        form: Callable[[bytes, bytes], Form | None],
        mapped: Mapped,
        *,
        doctype: bytes = b"",
        xhtml: bool = False,
        allowed: Mapping[str, frozenset[str]] | None = None,
        finish: Callable[[str], str] | None = None,
        script: Text | None = None,
        style: Text | None = None,
        strips: bool = False,
        most_fed: int = _MOST_FED,
    ) -> None:
        """`allowed` are the elements, with their attributes, that alone pass, None for all;
        `finish` is what is done to every value; `script` and `style` map the text of these
        elements; `strips` comments; a parser is fed about `most_fed` octets."""
        self._form = form
        self._mapped = mapped
        self._allowed = allowed
        self._finish = finish
        self._script = script
        self._style = style
        self._strips = strips
        self._empty_end = " />" if xhtml else ">"
        self._most_fed = most_fed
        self._doctype = doctype
        self._out: list[str] = []
        self._line_end = ""
        """What the page's first line ends with: the parser makes a line feed of each."""
        self._parser: Any = None
        self._fed = 0
        """Octets that this parser has been fed."""
        self._open: list[str] = []
        """The elements that are open."""
        self._is_marked = False
        """The mark was seen."""
        self._replays = False
        self._held = b""
        self._text: list[str] = []
        """Text whose end has not come."""
        self._size = 0
        """How many characters that are."""
        self._raw = ""
        """The element whose text is no markup."""
        self._mapped_text = ""
        """Scripts and comments that wait for the end of an element (ProxyHTMLExtended)."""

    def feed(self, data: bytes) -> bytes:
        """What can be written of the page with this piece."""
        data = self._held + data
        cut = self._whole(data)
        self._held = data[cut:]
        return self._parsed(data[:cut])

    def finish(self) -> bytes:
        """The page is over: what is left of it."""
        out = self._parsed(self._held)
        self._held = b""
        if self._parser is not None:
            # A page without one element is an error for lxml.
            with contextlib.suppress(etree.LxmlError):
                self._parser.close()
        return out + self._written()

    def _note_line_end(self, data: bytes) -> None:
        at = data.find(b"\n")
        if at >= 0:
            self._line_end = "\r\n" if data[at - 1 : at] == b"\r" else "\n"

    def _whole(self, data: bytes) -> int:
        """Where the tag begins that is not whole yet, else the end."""
        cut = data.rfind(b"<")
        if cut < 0 or len(data) - cut > _MOST_HELD or _OPEN(data, cut) is None:
            return len(data)
        return cut

    def _parsed(self, data: bytes) -> bytes:
        if not data:
            return b""
        if self._parser is None:
            self._parser = self._new_parser()
        if not self._line_end:
            self._note_line_end(data)
        data = _BARE.sub(_with_values, data)
        self._fed += len(data)
        if self._fed > self._most_fed and not self._raw and "body" in self._open:
            data = self._replaced_parser(data)
        if data:
            self._parser.feed(data)
        if self._size > _MOST_HELD:
            self._end_text(len(_NONE) + len(_MARK_TEXT))
        return self._written()

    def _new_parser(self) -> Any:
        return etree.HTMLParser(
            target=self, encoding="utf-8", remove_blank_text=True, huge_tree=True
        )

    def _replaced_parser(self, data: bytes) -> bytes:
        """Let a new parser go on behind the first tag that is fit; what is left for it."""
        found = _START.search(data)
        if found is None:
            return data
        cut = data.index(b">", found.end()) + 1
        mark = _MARK_TEXT.encode("ascii")
        self._is_marked = False
        self._parser.feed(data[: found.end()] + mark + data[found.end() : cut])
        if self._is_marked and not self._raw and self._open[-1:] not in (["title"], ["textarea"]):
            self._end_text()
            self._replay()
        return data[cut:]

    def _replay(self) -> None:
        """Tell a new parser which elements are open, and take it where it agrees."""
        expected, self._open = self._open, []
        parser = self._new_parser()
        self._replays = True
        parser.feed("".join(f"<{name}>" for name in expected).encode("utf-8"))
        if self._open == expected:
            self._parser, parser = parser, self._parser
        with contextlib.suppress(etree.LxmlError):
            parser.close()
        self._replays = False
        self._open = expected
        self._fed = 0

    def _written(self) -> bytes:
        out = "".join(self._out)
        self._out.clear()
        if self._line_end == "\r\n":
            out = out.replace("\n", "\r\n")
        doctype, self._doctype = self._doctype, b""
        return doctype + out.encode("utf-8", "surrogatepass")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._open.append(name)
        if self._replays:
            return
        self._end_text()
        if attributes.pop(_MARK, None) is not None:
            self._is_marked = True
        allowed = None
        if self._allowed is not None:
            allowed = self._allowed.get(name)
            if allowed is None:
                return
        parts = [f"<{name}"]
        for attribute, value in attributes.items():
            if allowed is not None and attribute not in allowed:
                continue
            parts.append(f" {attribute}{self._value(name, attribute, value)}")
        parts.append(self._empty_end if name in EMPTY else ">")
        self._out.append("".join(parts))
        self._mapped_text = ""
        if name in _RAW:
            self._raw = name

    def _value(self, name: str, attribute: str, value: str) -> str:
        if _NONE[1:] in value:
            if value == _NONE[1:]:
                return ""
            value = value.replace(_NONE, "")
        if _MARK in value:
            value = value.replace(_MARK_TEXT, "")
        form = self._form(name.encode("utf-8"), attribute.encode("utf-8"))
        if form is not None or self._finish is not None:
            octets = value.encode("utf-8", "surrogatepass").decode("latin-1")
            if form is not None:
                octets = self._mapped(octets, form)
            if self._finish is not None:
                octets = self._finish(octets)
            value = octets.encode("latin-1").decode("utf-8", "replace")
        return f'="{value.translate(_ESCAPES)}"'

    def end(self, name: str) -> None:
        """An element ends."""
        if self._open:
            self._open.pop()
        if self._replays:
            return
        self._end_text()
        self._raw = ""
        if self._allowed is not None and name not in self._allowed:
            return
        if self._mapped_text:
            self._map_held(name)
        if name not in EMPTY:
            self._out.append(f"</{name}>")

    def data(self, text: str) -> None:
        """Text, or a part of it."""
        self._text.append(text)
        self._size += len(text)

    def _end_text(self, keep: int = 0) -> None:
        """Write the text that is there, but for so many characters at its end."""
        if not self._text:
            return
        text = "".join(self._text)
        kept = text[len(text) - keep :] if keep else ""
        self._text, self._size = [kept] if kept else [], len(kept)
        text = _plain(text[: len(text) - len(kept)])
        if not self._raw:
            self._out.append(text.translate(_ESCAPES))
        elif self._script is None and (self._style is None or self._raw != "style"):
            self._out.append(text)
        else:
            self._hold(text)

    def _hold(self, text: str) -> None:
        self._mapped_text += text
        if len(self._mapped_text) > _MOST_HELD:
            self._map_held(self._raw)

    def _map_held(self, name: str) -> None:
        octets = self._mapped_text.encode("utf-8", "surrogatepass")
        self._mapped_text = ""
        change = self._style if name == "style" else self._script
        octets = change(octets) if change is not None else octets
        self._out.append(octets.decode("utf-8", "replace"))

    def comment(self, text: str) -> None:
        """A comment, or a processing instruction, which begins with `?`."""
        self._end_text()
        if self._strips or text.startswith("?"):
            return
        text = _plain(text)
        if self._script is None:
            self._out.append(f"<!--{text}-->")
        else:
            self._hold(f"<!--{text}-->")

    def pi(self, target: str, data: str | None = None) -> None:
        """Dropped, as in Apache."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Dropped, as in Apache."""

    def close(self) -> None:
        """The page is over."""
        self._end_text()


def _plain(text: str) -> str:
    return text.replace(_NONE, "").replace(_MARK_TEXT, "")


def _with_values(found: re.Match[bytes]) -> bytes:
    return _ATTRIBUTES.sub(_with_value, found[0])


def _with_value(found: re.Match[bytes]) -> bytes:
    if found[2] is not None or b"--" in found[1]:
        # What may be the end of a comment stays.
        return found[0]
    return found[0] + _NONE_OCTETS
