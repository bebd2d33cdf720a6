"""The Basic scheme (RFC 7617): credentials out of a field, and into one."""

from __future__ import annotations

import base64
import binascii


def parse_basic(field: str) -> tuple[str, str] | None:
    """User and password of an Authorization field's value; None for another scheme.

    As lenient as Apache: what is no base64 ends the credentials, a missing colon means no password.
    """
    scheme, _, encoded = field.partition(" ")
    if scheme.lower() != "basic":
        return None
    user, _, password = _decode(encoded.strip(" \t")).partition(":")
    return user, password


def _decode(encoded: str) -> str:
    """The text of the base64 that a string begins with, up to an octet 0."""
    kept = []
    for character in encoded:
        if character not in _ALPHABET:
            break
        kept.append(character)
    if len(kept) % 4 == 1:
        kept.pop()
    try:
        data = base64.b64decode("".join(kept) + "=" * (-len(kept) % 4))
    except binascii.Error:
        return ""
    return data.split(b"\0", 1)[0].decode("latin-1")


_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def make_basic(user: str, password: str) -> str:
    """The value of an Authorization field."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode("ascii")
