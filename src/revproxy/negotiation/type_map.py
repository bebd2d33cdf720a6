"""Type maps: files that list the variants of a resource.

Laws (Apache's reading of them):
- A variant is some fields, a blank line ends it. It counts where it has a URI or a Body, and one
  thing more than a description.
- A field goes on in lines that begin with a blank; lines that begin with `#` are comments.
- A line without a colon, or with nothing behind it, spoils the whole map. A wrong Content-Length
  or a Body without its end ends the map there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.negotiation.accept import first_token, parse_languages
from revproxy.negotiation.variant import Variant

_BLANK: Final = " \t\n\v\f\r"
_COMMENT: Final = re.compile(r"\([^)]*\)?")
_MOST: Final = 8191
"""Octets that a Body is looked for in."""
_LONGEST: Final = 1 << 63


class TypeMapError(ValueError):
    """A line that is no field."""


class _Reader:
    """A map's text, read line by line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def line(self) -> str | None:
        """The next line with its end, None at the end of the text."""
        if self.at >= len(self.text):
            return None
        end = self.text.find("\n", self.at) + 1 or len(self.text)
        line, self.at = self.text[self.at : end], end
        return line

    def field(self) -> str | None:
        """The next field with the lines it goes on in; "" for a blank line, None at the end."""
        line = self.line()
        while line is not None and line.startswith("#"):
            line = self.line()
        if line is None:
            return None
        if not line.strip(_BLANK):
            return ""
        if line[:5].lower() == "body:":
            return line
        while self.at < len(self.text):
            start = self.at
            more = self.line() or ""
            if more.startswith("#"):
                continue
            rest = more.lstrip(_BLANK)
            if more[0] not in _BLANK or not rest:
                self.at = start
                break
            line += rest if rest.endswith("\n") else f"{rest}\n"
        return line

    def body(self, tag: str) -> str | None:
        """The text before the tag; None where it is not there. What stands behind is skipped."""
        text = self.text[self.at : self.at + _MOST]
        end = text.find(tag)
        if end < 0 or not text:
            return None
        self.at += end + len(tag)
        self.line()
        return text[:end]


def parse_type_map(text: str, name: str) -> list[Variant]:
    """The variants of a map in the file `name`. Raises TypeMapError."""
    return list(_variants(_Reader(text), name))


def _variants(reader: _Reader, name: str) -> Iterator[Variant]:
    variant = Variant()
    is_described = False
    while (line := reader.field()) is not None:
        if not line:
            if variant.name and is_described:
                yield variant
            variant, is_described = Variant(), False
            continue
        key, value = _split(line)
        if key == "body":
            content = reader.body(value.rstrip(_BLANK))
            if content is None:
                return
            variant.body = content.encode("latin-1")
            variant.length, variant.name = len(content), name
        elif key == "content-length":
            variant.length = _length(first_token(value))
            if variant.length is None:
                return
        else:
            _set_field(variant, key, value)
        is_described = is_described or key in _DESCRIBING
    if variant.name and is_described:
        yield variant


_DESCRIBING: Final = ("content-type", "content-language", "content-encoding", "content-length")


def _set_field(variant: Variant, key: str, value: str) -> None:
    match key:
        case "uri":
            variant.name = first_token(value)
        case "content-type":
            variant.set_type(value)
        case "content-language":
            variant.languages = parse_languages(value)
        case "content-encoding":
            variant.encoding = first_token(value)
        case "description":
            variant.description = value.replace("\n", " ")[:-1]


def _length(digits: str) -> int | None:
    """A Content-Length, None for what is none."""
    if not (digits.isascii() and digits.isdigit()) or int(digits[:30]) >= _LONGEST:
        return None
    return int(digits)


def _split(line: str) -> tuple[str, str]:
    """A field's name in lower case, and its value without comments. Raises TypeMapError."""
    key, colon, value = line.partition(":")
    if not colon:
        raise TypeMapError(f"Syntax error in type map, no ':' for header {line.strip()}")
    value = value.lstrip(_BLANK)
    if not value:
        raise TypeMapError(f"Syntax error in type map --- no header body for {line.strip()}")
    return key.lower(), _COMMENT.sub(lambda found: " " * len(found[0]), value)
