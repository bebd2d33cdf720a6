"""How rewritten text is escaped, and what kind of URL it is.

Laws:
- What was decoded is escaped again before it leaves (`escape_uri`), in lower-case hex as Apache.
- A scheme counts only where Apache knows it; everything else is a path.
"""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9$\-_.+!*'(),:;@&=/~]")
_NOT_WORD: Final = re.compile(r"[^A-Za-z0-9_]")
_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f]")
_SCHEME: Final = re.compile(
    r"(?:ajp|balancer|ftp|fcgi|gopher|https?|h2c?|ldaps?|nntp|scgi|uwsgi|wss?)://"
    r"|unix:(?://)?|mailto:|news:",
    re.IGNORECASE,
)
_WITHOUT_QUERY: Final = ("ftp:", "gopher:", "ldap:", "news:", "nntp:")
_FIRST_WITHOUT_QUERY: Final = frozenset("fglnFGLN")

RAW: Final = re.compile(r"[\x00-\x20\x7f]").search
"""Finds a blank or control character, which may stand in no URL."""


def _hex(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02x}"


def escape_uri(text: str) -> str:
    """Everything but what may stand in a path, and `/`, as %xx (`ap_escape_uri`)."""
    return _UNSAFE.sub(_hex, text)


def scheme_length(url: str) -> int:
    """Octets of a known scheme with its `://`; 0 for a path."""
    match = _SCHEME.match(url)
    return match.end() if match is not None else 0


def takes_query(url: str) -> bool:
    """A `?` in this URL or path begins a query."""
    if url[:1] not in _FIRST_WITHOUT_QUERY:
        return True
    return not url[:8].lower().startswith(_WITHOUT_QUERY) or not scheme_length(url)


def escape_absolute(url: str) -> str:
    """An absolute URL with its path escaped."""
    start = url.find("/", scheme_length(url))
    if start < 0 or start + 1 == len(url):
        return url
    return url[: start + 1] + escape_uri(url[start + 1 :])


class BackreferenceEscape:
    """What the flags B, BNE, BCTLS and BNP do to a back-reference."""

    def __init__(
        self, only: str = "", but: str = "", *, controls: bool = False, plus: bool = True
    ) -> None:
        self._but = but
        self._plus = plus
        if controls:
            self._pattern = _CONTROLS
        elif only:
            self._pattern = re.compile("[" + re.escape(only) + "]")
        else:
            self._pattern = _NOT_WORD

    def __call__(self, text: str) -> str:
        return self._pattern.sub(self._one, text)

    def _one(self, match: re.Match[str]) -> str:
        char = match[0]
        if char in self._but:
            return char
        return "+" if char == " " and self._plus else _hex(match)
