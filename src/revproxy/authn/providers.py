"""The providers of AuthBasicProvider and AuthDigestProvider: what knows users (mod_authn_file).

Laws:
- A provider that does not know a user passes on to the next; one that knows the user decides.
- A file that cannot be read is 500, not 401: nobody's password is at fault.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

from revproxy.authn.passwords import password_matches
from revproxy.authn.settings import FileSettings
from revproxy.authz.files import FileCache
from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Unset

T = TypeVar("T")


class Verdict(enum.Enum):
    """What a provider says of a user and a password."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "not found"


def parse_users(text: str) -> dict[str, str]:
    """The hash of each user, from lines `user:hash`; the first line of a user counts."""
    users: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, stored = line.partition(":")
        if colon and not name.startswith("#"):
            users.setdefault(name, stored.partition(":")[0].strip())
    return users


def parse_realms(text: str) -> dict[tuple[str, str], str]:
    """The hash of each user and realm, from lines `user:realm:hash` (htdigest)."""
    users: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        parts = line.split(":")
        if len(parts) > 2 and not line.startswith("#"):
            users.setdefault((parts[0], parts[1]), parts[2].strip())
    return users


_users = FileCache(parse_users)
_realms = FileCache(parse_realms)


async def check_password(
    providers: Sequence[str], exchange: Exchange, user: str, password: str
) -> Verdict:
    """Ask the providers in order. Raises HTTPError 500 where one cannot answer."""
    if "file" not in providers:
        return Verdict.UNKNOWN
    stored = _read(_users, exchange).get(user)
    if stored is None:
        return Verdict.UNKNOWN
    matches = await password_matches(password.encode("latin-1"), stored)
    return Verdict.GRANTED if matches else Verdict.DENIED


def check_realm(
    providers: Sequence[str], exchange: Exchange, user: str, password: str, realm: str
) -> Verdict:
    """As `check_password`, against a file of digests (AuthBasicUseDigestAlgorithm MD5)."""
    stored = realm_hash(providers, exchange, user, realm)
    if stored is None:
        return Verdict.UNKNOWN
    text = f"{user}:{realm}:{password}".encode("latin-1")
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return Verdict.GRANTED if hmac.compare_digest(digest, stored) else Verdict.DENIED


def realm_hash(providers: Sequence[str], exchange: Exchange, user: str, realm: str) -> str | None:
    """MD5 of user:realm:password as the file has it; None for a user nobody knows.

    Raises HTTPError 500 where a provider cannot answer.
    """
    if "file" not in providers:
        return None
    return _read(_realms, exchange).get((user, realm))


def _read(cache: FileCache[T], exchange: Exchange) -> T:
    settings: FileSettings | None = exchange.plan.settings.get("mod_authn_file")
    if settings is None or isinstance(settings.file, Unset):
        raise HTTPError(500, "AuthUserFile not specified in the configuration")
    try:
        return cache.read(settings.file)
    except OSError as error:
        raise HTTPError(
            500, f"Could not open password file: {settings.file}: {error.strerror}"
        ) from None
