"""The notation of the case files: how readable text becomes the octets on the wire.

Laws:
- A line end is CRLF; `␊` is a bare LF, `␍` a bare CR.
- `{{TEXT*N}}` is TEXT repeated N times.
- `⟦gzip:TEXT⟧` is TEXT compressed with gzip.
- `@DIGEST user password ...@` is a client's answer to a challenge (`digest.py`).
- A character is one octet (Latin-1); `@NAME@` is a place that differs between the servers.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping

_GZIP = re.compile(r"⟦gzip:(.*?)⟧", re.DOTALL)
_REPEAT = re.compile(r"\{\{(.+?)\*(\d+)\}\}", re.DOTALL)


def wire(text: str, places: Mapping[str, str]) -> bytes:
    """The octets that `text` stands for."""
    text = fill(repeat(text), places)
    text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    text = text.replace("␊", "\n").replace("␍", "\r")
    return _GZIP.sub(_compressed, text).encode("latin-1")


def _compressed(match: re.Match[str]) -> str:
    return gzip.compress(match[1].encode("latin-1"), mtime=0).decode("latin-1")


def repeat(text: str) -> str:
    """`text` with every `{{TEXT*N}}` written out."""
    return _REPEAT.sub(lambda match: match[1] * int(match[2]), text)


def fill(text: str, places: Mapping[str, str]) -> str:
    """`text` with every `@NAME@` filled in."""
    for name, value in places.items():
        text = text.replace(f"@{name}@", value)
    return text


class Blur:
    """Turns what must differ between two servers back into the names of the places."""

    def __init__(self, places: Mapping[str, str]) -> None:
        # Longest first, so that a directory goes before a port that happens to be in it; a port
        # amid other digits is none.
        self._pairs = [
            (
                re.compile(
                    rf"(?<![0-9a-fA-F]){value}(?![0-9a-fA-F])"
                    if value.isdigit()
                    else re.escape(value)
                ),
                f"@{name}@",
            )
            for name, value in sorted(places.items(), key=lambda item: -len(item[1]))
            if value
        ]

    def __call__(self, text: str) -> str:
        for pattern, name in self._pairs:
            text = pattern.sub(name, text)
        text = _DIGEST.sub(r'\1="<\1>"', text)
        return _PRODUCT.sub("<product>", text)


# What hangs on a nonce, which no two servers have the same.
_DIGEST = re.compile(r'\b(nonce|nextnonce|response|rspauth)="[^"]*"')


_PRODUCT = re.compile(
    r"(?:Apache|revproxy)"
    r"(?:/[\d.]+(?: \([A-Za-z]+\))?(?: (?:mod_\w+|OpenSSL)/[\w.]+)*|(?= Server at ))"
)
