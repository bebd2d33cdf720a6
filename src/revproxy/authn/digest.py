"""The Digest scheme (RFC 7616 with MD5, as Apache has it): fields, nonces, proofs.

Laws:
- A nonce says when it was made and for which realm, signed with a secret of this server: any child
  process knows it, and a reload changes nothing.
- What a client says is compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Final

_SECRET: Final = secrets.token_bytes(32)
_STAMP: Final = 12
"""Octets of a nonce that say when it was made, in microseconds, and tell two of a moment apart."""
_MARK: Final = 40
"""Characters of its signature."""

NEEDED: Final = ("username", "realm", "nonce", "uri", "response", "cnonce", "nc")
"""What an Authorization field must have, whatever the quality of protection."""


def parse_digest(field: str) -> dict[str, str] | None:
    """What an Authorization field says, by names in lower case; None for another scheme.

    As lenient as Apache: the last of a name counts, and what is behind a value up to a comma is
    nothing.
    """
    scheme, _, rest = field.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(rest):
        quoted = match["quoted"]
        value = (match["token"] or "") if quoted is None else _ESCAPED.sub(r"\1", quoted)
        found[match["name"].lower()] = value
    return found


_PARAMETER: Final = re.compile(
    r'[\s,]*(?P<name>[^\s=,]+)\s*(?:=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<token>[^\s,]*)))?[^,]*',
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def make_nonce(realm: str, now: int) -> str:
    """A nonce for a realm, made at `now` (microseconds)."""
    stamp = now.to_bytes(8, "big") + secrets.token_bytes(_STAMP - 8)
    text = base64.b64encode(stamp).decode("ascii")
    return text + _signature(realm, text)


def nonce_time(realm: str, nonce: str) -> int | None:
    """When a nonce was made (microseconds); None for one that is not from here or not for this."""
    text, mark = nonce[:-_MARK], nonce[-_MARK:]
    if not hmac.compare_digest(_signature(realm, text).encode(), mark.encode("latin-1")):
        return None
    return int.from_bytes(base64.b64decode(text)[:8], "big")


def is_nonce(text: str) -> bool:
    """Whether a text has the form of a nonce; who signed it is another question."""
    try:
        stamp = base64.b64decode(text[:-_MARK].encode("latin-1"), validate=True)
    except binascii.Error:
        return False
    return len(stamp) == _STAMP and len(text) == _STAMP * 4 // 3 + _MARK


def _signature(realm: str, text: str) -> str:
    data = f"{text}:{realm}".encode("latin-1")
    return hmac.new(_SECRET, data, hashlib.sha256).hexdigest()[:_MARK]


def proof(ha1: str, method: str, given: Mapping[str, str]) -> str:
    """What proves that a client knows the password whose MD5 (with user and realm) is `ha1`.

    With the method "" it is what proves so of the server (`rspauth`).
    """
    ha2 = md5(f"{method}:{given['uri']}")
    return md5(f"{ha1}:{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}:{ha2}")


def md5(text: str) -> str:
    """MD5 as hexadecimal digits."""
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False).hexdigest()


def equal(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("latin-1"), other.encode("latin-1"))
