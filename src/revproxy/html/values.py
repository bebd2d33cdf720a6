"""Attributes' values: decoded, rewritten by their form, and coded again.

Laws:
- What a rule does not touch keeps its octets where that can be: behind a plain prefix that was
  replaced, the rest of the value stays as it was written.
- A value that was rewritten stands in quotes, and nothing in it can end them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.entities import html5
from typing import Final

from revproxy.html.links import Form
from revproxy.html.rules import Rules, Tell, map_event, map_link

Map = Callable[[str], str]

_REFERENCE: Final = re.compile(
    r"&(?:#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?|([a-zA-Z][a-zA-Z0-9]*);?)", re.ASCII
)
_UNSAFE: Final = {
    "&": "&amp;",
    '"': "&quot;",
    "'": "&#39;",
    "<": "&lt;",
    ">": "&gt;",
}
_TO_ESCAPE: Final = re.compile("[&\"'<>]")


def decode(raw: bytes) -> str:
    """The text that an attribute's octets stand for (HTML, section 13.2.5.73)."""
    if b"&" not in raw:
        return raw.decode("latin-1")
    text = _REFERENCE.sub(_referred, raw.decode("utf-8", "surrogateescape"))
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _referred(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return _named(found, name)
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000:
        return "\ufffd"
    if 0x80 <= number < 0xA0:
        return bytes((number,)).decode("windows-1252", "replace")
    return chr(number)


def _named(found: re.Match[str], name: str) -> str:
    written = found[0]
    if written.endswith(";"):
        return html5.get(f"{name};", written)
    following = found.string[found.end() : found.end() + 1]
    # In an attribute `&copy=` and `&copyx` are no references.
    return written if following == "=" else html5.get(name, written)


def encode(text: str) -> bytes:
    """Octets that stand for the text between quotes of either kind."""
    return _TO_ESCAPE.sub(lambda found: _UNSAFE[found[0]], text).encode("latin-1")


class Rewriter:
    """What becomes of values, by their form."""

    __slots__ = ("_finish", "_longest", "_only_prefixes", "_prefixes", "_rules", "_tell")

    def __init__(self, rules: Rules, finish: Map | None = None, tell: Tell | None = None) -> None:
        self._rules = rules
        self._tell = tell
        self._finish = finish
        """What is done to a link behind the rules (ProxyHTMLFixups)."""
        links = [rule for rule in rules if rule.for_links]
        plain = finish is None and tell is None
        self._only_prefixes = plain and all(rule.pattern is None for rule in links)
        self._longest = max((len(rule.source) for rule in links), default=0)
        self._prefixes = [
            (rule.source.lower().encode("latin-1"), len(rule.source), encode(rule.to))
            for rule in links
        ]

    def link(self, text: str) -> str:
        """A link's text, mapped."""
        changed = map_link(self._rules, text, self._tell)
        return self._finish(changed) if self._finish is not None else changed

    def value(self, raw: bytes, form: Form) -> bytes | None:
        """The octets of a value between its quotes, None where nothing changes.

        They may stand between the same quotes, or between any where there were none.
        """
        if form is Form.URL and self._only_prefixes and b"&" not in raw[: self._longest]:
            return self._prefix(raw)
        text = decode(raw)
        changed = self.mapped(text, form)
        return None if changed == text else encode(changed)

    def mapped(self, text: str, form: Form) -> str:
        """A value's text, mapped by its form."""
        if form is Form.URL:
            return self.link(text)
        if form is Form.EVENT:
            return map_event(self._rules, text, self._tell)
        if form is Form.SRCSET:
            return map_srcset(text, self.link)
        if form is Form.STYLE:
            return map_css(text, self.link)
        return map_refresh(text, self.link)

    def _prefix(self, raw: bytes) -> bytes | None:
        start = raw[: self._longest].lower()
        for prefix, size, to in self._prefixes:
            if start.startswith(prefix):
                return to + raw[size:]
        return None


_CANDIDATE: Final = re.compile(r"([\s,]*)(?:(\S*[^\s,])(\s[^,]*|(?=,+(?:\s|\Z))|\Z))")


def map_srcset(text: str, link: Map) -> str:
    """The URLs of a srcset (HTML, section 4.8.4.2.1)."""

    return _CANDIDATE.sub(lambda found: found[1] + link(found[2]) + found[3], text)


_CSS: Final = re.compile(
    r"""/\*.*?(?:\*/|\Z)|(url\(\s*)(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'()]*))(\s*\))"""
    r"""|(@import\s+)(?:"([^"\n]*)"|'([^'\n]*)')|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""",
    re.IGNORECASE | re.DOTALL,
)


def map_css(text: str, link: Map) -> str:
    """The URLs of a style sheet: `url()` and `@import`, not within comments and strings."""

    def mapped(found: re.Match[str]) -> str:
        for group in (2, 3, 4, 7, 8):
            url = found[group]
            if url is not None:
                start, end = found.start(group) - found.start(), found.end(group) - found.start()
                changed = link(url)
                if changed != url and group == 4:
                    changed = f'"{changed}"' if re.search(r"[\s\"'()]", changed) else changed
                return found[0][:start] + changed + found[0][end:]
        return found[0]

    return _CSS.sub(mapped, text)


_REFRESH: Final = re.compile(r"""(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?["']?)(.*)""", re.I | re.S)


def map_refresh(text: str, link: Map) -> str:
    """The URL of `<meta http-equiv=refresh>` (HTML, section 4.2.5.3)."""
    found = _REFRESH.match(text)
    if found is None or not found[2]:
        return text
    return found[1] + link(found[2])
