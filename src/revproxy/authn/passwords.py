"""Passwords and their hashes, as `htpasswd` and crypt(3) write them (`apr_password_validate`).

Laws:
- A slow hash is computed in a thread and paid for once: the outcome is remembered under a keyed
  digest, for a bounded number of passwords; neither a password nor what tells it is kept.
- As many hashes are computed at a time as there are processors; other requests go on meanwhile.
- What computes is imported where it does: a configuration is checked without it.
- A hash of no known kind matches nothing: never is a stored text compared with a password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import trio

_KEPT: Final = 4096
_KEY: Final = secrets.token_bytes(32)
_DES_LENGTH: Final = 13
_BCRYPT_LONGEST: Final = 72
"""Octets of a password that bcrypt looks at."""

_known: dict[bytes, bool] = {}
_limiter: trio.CapacityLimiter | None = None


async def password_matches(password: bytes, stored: str) -> bool:
    """Whether a password is the one that was hashed to `stored`."""
    if stored.startswith("{SHA}"):
        return _sha1(password, stored)
    text = stored.encode("latin-1")
    key = hashlib.blake2b(len(text).to_bytes(4, "big") + text + password, key=_KEY).digest()
    known = _known.get(key)
    if known is None:
        from revproxy.lane import in_trio

        known = await in_trio(_in_thread, _checker(stored), password, stored)
        if len(_known) >= _KEPT:
            _known.pop(next(iter(_known)))
        _known[key] = known
    return known


async def _in_thread(check: Callable[[bytes, str], bool], password: bytes, stored: str) -> bool:
    import trio

    global _limiter  # noqa: PLW0603 - one for the process, made where trio runs
    if _limiter is None:
        _limiter = trio.CapacityLimiter(os.cpu_count() or 1)
    return await trio.to_thread.run_sync(check, password, stored, limiter=_limiter)


def _checker(stored: str) -> Callable[[bytes, str], bool]:
    """What checks a password against a hash of this form."""
    if stored.startswith(("$2y$", "$2a$", "$2b$")):
        return _bcrypt
    for prefix, scheme in _SCHEMES.items():
        if stored.startswith(prefix):
            return _by_libpass(scheme)
    if len(stored) == _DES_LENGTH:
        return _by_libpass("des_crypt")
    return lambda _password, _stored: False


def _sha1(password: bytes, stored: str) -> bool:
    digest = base64.b64encode(hashlib.sha1(password, usedforsecurity=False).digest())
    return hmac.compare_digest(digest, stored[5:].encode("latin-1"))


def _bcrypt(password: bytes, stored: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(
            password.split(b"\0", 1)[0][:_BCRYPT_LONGEST], stored.encode("latin-1")
        )
    except ValueError:
        return False


def _by_libpass(name: str) -> Callable[[bytes, str], bool]:
    def check(password: bytes, stored: str) -> bool:
        import passlib.hash

        try:
            return bool(getattr(passlib.hash, name).verify(password, stored))
        except ValueError:
            return False

    return check


_SCHEMES: Final = {
    "$apr1$": "apr_md5_crypt",
    "$1$": "md5_crypt",
    "$5$": "sha256_crypt",
    "$6$": "sha512_crypt",
}
