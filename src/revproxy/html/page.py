"""What is done to one page: its charset, its links, its document type (`proxy-html`).

Laws:
- All that is no link stays as it was written, octet for octet, but for the charset, and for what
  ProxyHTMLDocType, StripComments, Meta and Extended ask for. With ProxyHTMLSerializer apache it is
  written anew instead (`serialise.py`).
- The page goes out in UTF-8, or in ProxyHTMLCharsetOut.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from revproxy.html.charset import (
    SNIFFED,
    ToUtf8,
    find_codec,
    from_content_type,
    renamed,
    sniff,
    started,
)
from revproxy.html.html4 import LEGACY, STRICT
from revproxy.html.links import Form
from revproxy.html.rules import Rules, Tell, map_script
from revproxy.html.scan import Scanner
from revproxy.html.tokens import Wanted
from revproxy.html.values import Rewriter, map_css
from revproxy.records import dataclass

_DOCTYPE: Final = re.compile(rb"(\s*(?:<!--.*?-->\s*)*)<!doctype[^>]*>[ \t]*\r?\n?", re.I | re.S)
_CONTENT_TYPE: Final = re.compile(
    rb"""<meta[^>]*http-equiv[ \t\r\n='"]*content-type[^>]*>""", re.IGNORECASE
)
"""What mod_xml2enc takes out of a page."""
_META: Final = re.compile(rb"<meta\b[^>]*>", re.IGNORECASE)
_HTTP_EQUIV: Final = re.compile(rb"""http-equiv\s*=\s*["']?\s*([A-Za-z0-9-]+)""", re.IGNORECASE)
_CONTENT: Final = re.compile(rb"""content\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a configuration asks for, the same for every page."""

    table: Mapping[bytes, Mapping[bytes, Form]]
    rules: Rules
    extended: bool = False
    modern: bool = True
    strip_comments: bool = False
    meta: bool = False
    lowercase: bool = False
    dospath: bool = False
    doctype: bytes = b""
    as_apache: bool = False
    """Pages are written anew, as mod_proxy_html does (`serialise.py`)."""
    has_links: bool = True
    """False where there is nothing to do for a page."""
    xhtml: bool = False
    """Empty elements end as XHTML's do, where pages are written anew."""
    allowed: str = ""
    """Elements and attributes of this kind of HTML 4 alone pass then: "strict", "legacy"."""
    charset_out: str = ""
    charset_default: str = ""
    aliases: Mapping[str, str] | None = None
    start_parse: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()
    """What is rewritten besides HTML: "css", "json"."""


@dataclass(slots=True)
class Head:
    """What the page says about the head of its response."""

    charset: str = "utf-8"
    fields: tuple[tuple[str, str], ...] = ()


class Page:
    """One page, piece by piece."""

    def __init__(self, kit: Kit, content_type: str) -> None:
        self._recipe = kit.recipe
        self._sniffed: Head | None = None
        self._first = b""
        self._content_type = content_type
        self._decoder = ToUtf8("utf-8")
        self._encoder: codecs.IncrementalEncoder | None = None
        self._scanner = kit.scanner()

    @property
    def head(self) -> Head | None:
        """What is known of the response's head, None before it is."""
        return self._sniffed

    def feed(self, data: bytes) -> bytes:
        if self._sniffed is not None:
            return self._rewritten(self._decoder.feed(data))
        self._first += data
        if len(self._first) < SNIFFED and not self._knows():
            return b""
        return self._begin()

    def flush(self) -> bytes:
        """Nothing more comes for now: what is there must do."""
        return self._begin() if self._sniffed is None and self._first else b""

    def finish(self) -> bytes:
        out = self._begin() if self._sniffed is None else b""
        out += self._rewritten(self._decoder.feed(b"", last=True))
        return out + self._coded(self._scanner.finish(), last=True)

    def _knows(self) -> bool:
        """Whether nothing more than what is there could change the beginning."""
        recipe = self._recipe
        if recipe.meta or recipe.doctype or recipe.start_parse or len(self._first) < 4:
            return False
        return from_content_type(self._content_type) is not None

    def _begin(self) -> bytes:
        recipe, data = self._recipe, self._first
        self._first = b""
        named = from_content_type(self._content_type) or sniff(data) or recipe.charset_default
        aliases = recipe.aliases or {}
        codec = find_codec(named, aliases) if named else None
        self._decoder = ToUtf8(codec)
        head = self._sniffed = Head()
        if recipe.charset_out:
            wanted = named or "ISO-8859-1" if recipe.charset_out == "*" else recipe.charset_out
            out = find_codec(wanted, aliases)
            if out is not None and out != "utf-8":
                head.charset = wanted
                self._encoder = codecs.getincrementalencoder(out)("xmlcharrefreplace")
        text = self._decoder.feed(data)
        if recipe.as_apache:
            text = _CONTENT_TYPE.sub(b"", text, count=1)
        elif self._decoder.changes or self._encoder is not None:
            text = renamed(text, head.charset)
        text = started(text, recipe.start_parse)
        if recipe.meta:
            text, head.fields = _lifted(text)
        if recipe.doctype and not recipe.as_apache:
            found = _DOCTYPE.match(text)
            text = recipe.doctype + (found[1] + text[found.end() :] if found else text)
        return self._rewritten(text)

    def _rewritten(self, text: bytes) -> bytes:
        return self._coded(self._scanner.feed(text)) if text else b""

    def _coded(self, text: bytes, *, last: bool = False) -> bytes:
        if self._encoder is None:
            return text
        return self._encoder.encode(text.decode("utf-8", "replace"), last)


class Engine(Protocol):
    """Rewrites UTF-8 piece by piece."""

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Kit:
    """What the pages of one recipe and one set of rules share."""

    def __init__(self, recipe: Recipe, rules: Rules, tell: Tell | None = None) -> None:
        self.recipe = recipe
        rewriter = self._rewriter = Rewriter(rules, _finish(recipe), tell)
        self._wanted = _wanted(recipe, rules)
        self.link = rewriter.link
        """What becomes of a link outside of HTML."""

        def script(text: bytes) -> bytes:
            return map_script(rules, text.decode("latin-1"), tell).encode("latin-1")

        def style(text: bytes) -> bytes:
            changed = text.decode("latin-1")
            if recipe.extended:
                changed = map_script(rules, changed, tell)
            if recipe.modern:
                changed = map_css(changed, rewriter.link)
            return changed.encode("latin-1")

        self._script = script if recipe.extended else None
        self._style = style if recipe.extended or recipe.modern else None
        self._comment = _nothing if recipe.strip_comments else self._script

    def scanner(self) -> Engine:
        """For one page."""
        if self.recipe.as_apache:
            return self._serializer()
        return Scanner(
            self._wanted,
            self._rewriter.value,
            script=self._script,
            style=self._style,
            comment=self._comment,
        )

    def _serializer(self) -> Engine:
        from revproxy.html.serialise import Serializer

        recipe = self.recipe
        return Serializer(
            self._wanted.form,
            self._rewriter.mapped,
            doctype=recipe.doctype,
            xhtml=recipe.xhtml,
            allowed={"strict": STRICT, "legacy": LEGACY}.get(recipe.allowed),
            finish=_finish(recipe),
            script=self._script,
            style=self._style,
            strips=recipe.strip_comments,
        )


def _wanted(recipe: Recipe, rules: Rules) -> Wanted:
    links = [rule for rule in rules if rule.for_links]
    prefixes: tuple[bytes, ...] | None = None
    if not (recipe.lowercase or recipe.dospath or any(rule.pattern for rule in links)):
        found = {rule.source.encode("latin-1").lower() for rule in links}
        # A short prefix is no sign of a link: what stands in an attribute's name is.
        prefixes = tuple(sorted(found)) if all(len(item) > 3 for item in found) else None
    return Wanted(recipe.table, prefixes, comments=recipe.extended or recipe.strip_comments)


def _nothing(_comment: bytes) -> bytes:
    return b""


def _finish(recipe: Recipe) -> Callable[[str], str] | None:
    """ProxyHTMLFixups."""
    if not (recipe.lowercase or recipe.dospath):
        return None

    def fix(text: str) -> str:
        # Only ASCII's letters: the others are parts of characters.
        text = text.encode("latin-1").lower().decode("latin-1") if recipe.lowercase else text
        return text.replace("\\", "/") if recipe.dospath else text

    return fix


def _lifted(text: bytes) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """The page without its Content-Type, and the fields that `http-equiv` names (ProxyHTMLMeta)."""
    fields: list[tuple[str, str]] = []
    cut: tuple[int, int] | None = None
    for found in _META.finditer(text):
        name = _HTTP_EQUIV.search(found[0])
        if name is None:
            continue
        if name[1].lower().startswith(b"content-"):
            # Of these the body and its coding are the origin's to say.
            cut = found.span() if name[1].lower() == b"content-type" else cut
            continue
        content = _CONTENT.search(found[0])
        if content is not None:
            value = next(item for item in content.groups() if item is not None)
            if all(octet >= 32 and octet != 127 for octet in value):
                fields.append((name[1].decode("ascii"), value.decode("latin-1")))
    if cut is not None:
        text = text[: cut[0]] + text[cut[1] :]
    return text, tuple(fields)
