"""What a client says it takes: Accept and its like, and Negotiate (RFC 2295).

Laws:
- Everything is read leniently, as Apache reads it: there is no such thing as a malformed list.
- Names are in lower case. A quality that cannot be read is 1.
- Numbers are rounded to single precision, as Apache's are: ties must be the same ties.
"""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import Final

from revproxy.http.fields import Fields
from revproxy.records import dataclass

_BLANK: Final = r" \t\n\v\f\r"
_TOKEN: Final = re.compile(rf'[{_BLANK}]*((?:"[^"]*"?|[^";,{_BLANK}])*)[{_BLANK}]*')
_PARAMETER: Final = re.compile(rf'[{_BLANK}]*((?:"[^"]*"?|[^";,])*)')
_PAIR: Final = re.compile(rf"([^={_BLANK}]*)[={_BLANK}]+(.*)", re.DOTALL).fullmatch
_QUOTED: Final = re.compile(r'"([^"\r\n]*)').match
_WORD: Final = re.compile(rf"[^{_BLANK}]*").match
_QUALITY: Final = re.compile(rf"[{_BLANK}]*(?:0?\.([0-9]{{0,3}})|0)").match
_NUMBER: Final = re.compile(rf"[{_BLANK}]*([+-]?[0-9]{{1,9}})").match
_ITEM: Final = re.compile(r'(?:\\.|"(?:[^"\\]|\\.)*"?|\((?:[^()\\]|\\.)*\)?|[^,"(\\]|\\$)+')

HTML: Final = "text/html"
SERVER_PARSED: Final = {"text/x-server-parsed-html": 2.0, "text/x-server-parsed-html3": 3.0}
"""The types of mod_include count as HTML, of these levels."""
SCRIPT: Final = "application/x-httpd-cgi"
"""The type that stands for what a handler makes."""


@dataclass(frozen=True, slots=True)
class Range:
    """An item of a list: what is taken, and how gladly."""

    name: str
    quality: float = 1.0
    level: float = 0.0
    charset: str = ""


def single(number: float) -> float:
    """A number in single precision."""
    rounded: float = struct.unpack("f", struct.pack("f", number))[0]
    return rounded


def quality(text: str) -> float:
    """A `q` or `qs`: three digits count; what is no such number is 1."""
    found = _QUALITY(text)
    if found is None:
        return 1.0
    return single(int((found[1] or "").ljust(3, "0")) / 1000)


def parse_range(text: str, at: int = 0) -> tuple[Range, int]:
    """The item at a place, and where the next one begins."""
    found = _TOKEN.match(text, at)
    assert found is not None
    name, at = found[1].lower(), found.end()
    how_much, level, charset = 1.0, 2.0 if name == HTML else SERVER_PARSED.get(name, 0.0), ""
    while text[at : at + 1] == ";":
        found = _PARAMETER.match(text, at + 1)
        assert found is not None
        at = found.end()
        pair = _PAIR(found[1])
        if pair is None:
            continue
        value = (_QUOTED(pair[2]) or _WORD(pair[2]) or pair)[0].removeprefix('"').lower()
        match pair[1].lower():
            case "q" | "qs":
                how_much = quality(value)
            case "level":
                number = _NUMBER(value)
                level = single(int(number[1])) if number is not None else 0.0
            case "charset":
                charset = value
    return Range(name, how_much, level, charset), at + (text[at : at + 1] == ",")


def parse_ranges(text: str | None) -> tuple[Range, ...] | None:
    """The items of a field; None where it is not there."""
    if text is None:
        return None
    found = []
    at = 0
    while at < len(text):
        item, at = parse_range(text, at)
        found.append(item)
    return tuple(found)


def first_token(text: str) -> str:
    """What stands before the first blank, comma or semicolon."""
    found = _TOKEN.match(text)
    assert found is not None
    return found[1]


def parse_languages(text: str) -> tuple[str, ...]:
    """The languages of a Content-Language."""
    found = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None
        found.append(token[1].lower())
        at = token.end() + (text[token.end() : token.end() + 1] in (",", ";"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request says. A list is None where its field is not there."""

    types: tuple[Range, ...] | None = None
    languages: tuple[Range, ...] | None = None
    charsets: tuple[Range, ...] | None = None
    encodings: tuple[Range, ...] | None = None
    supports_transparent: bool = False
    """The client knows transparent negotiation: it can choose from a list."""
    may_choose: bool = True
    """The server may choose for it."""
    by_rvsa: bool = False
    """By the algorithm of RFC 2296 alone."""
    strict: bool = False
    """The fields mean what they say: no allowance is made for careless browsers."""
    ranks_types: bool = False
    """Accept has a quality that says something."""


def read_wishes(fields: Fields, *, transparent: bool) -> Wishes:
    """What a request wants; Negotiate counts for what is negotiated transparently."""
    types, languages, charsets, encodings = (
        parse_ranges(fields.joined(name))
        for name in ("Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding")
    )
    ranks_types = any(item.quality < 1 for item in types or ())
    wishes = Wishes(types, languages, charsets, encodings, ranks_types=ranks_types)
    text = fields.joined("Negotiate") if transparent else None
    agent = fields.get("User-Agent") or ""
    if text is None or (text == "trans" and agent.startswith("Lynx")):
        # Lynx says so and cannot.
        return wishes
    items = [item.strip(" \t").lower() for item in _ITEM.findall(text)]
    known = [
        item
        for item in items
        if item in ("trans", "vlist", "guess-small", "*") or item[:1].isdecimal()
    ]
    any_way, by_rvsa = "*" in known, "1.0" in known
    return replace(
        wishes,
        supports_transparent=bool(known),
        may_choose=any_way or by_rvsa,
        by_rvsa=by_rvsa,
        strict=any_way or by_rvsa,
    )
