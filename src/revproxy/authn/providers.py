"""The providers of AuthBasicProvider and AuthDigestProvider: what knows users (mod_authn_file,
mod_authn_anon).

Laws:
- A provider that does not know a user passes on to the next; one that knows the user decides.
- A file that cannot be read is 500, not 401: nobody's password is at fault.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from revproxy.authn.passwords import password_matches
from revproxy.authn.settings import AnonymousSettings, FileSettings, Provider
from revproxy.authz.files import FileCache, lines_of
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, UnimplementedError
from revproxy.http.message import Exchange
from revproxy.module import Scope, Unset, merge_settings

T = TypeVar("T")


class Verdict(enum.Enum):
    """What a provider says of a user and a password."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "not found"


def parse_users(text: str) -> dict[str, str]:
    """The hash of each user, from lines `user:hash`; the first line of a user counts."""
    users: dict[str, str] = {}
    for line in lines_of(text):
        name, colon, stored = line.partition(":")
        if colon and not name.startswith("#"):
            users.setdefault(name, stored.partition(":")[0].strip())
    return users


def parse_realms(text: str) -> dict[tuple[str, str], str]:
    """The hash of each user and realm, from lines `user:realm:hash` (htdigest)."""
    users: dict[tuple[str, str], str] = {}
    for line in lines_of(text):
        parts = line.split(":")
        if len(parts) > 2 and not line.startswith("#"):
            users.setdefault((parts[0], parts[1]), parts[2].strip())
    return users


_users = FileCache(parse_users)
_realms = FileCache(parse_realms)


_FILE: Final = Provider("file", "file")
_KINDS: Final = {
    "anon": Provider("anon", "anon"),
    "file": _FILE,
    # It never answers by itself: what passwords cost is remembered anyway.
    "socache": Provider("socache", "socache"),
}
FILE_ALONE: Final = (_FILE,)
"""The providers where none is named."""

_ELSEWHERE: Final = {
    "dbd": "mod_authn_dbd",
    "dbm": "mod_authn_dbm",
    "fcgi": "mod_authnz_fcgi",
    "ldap": "mod_authnz_ldap",
}


def find_provider(name: str, scope: Scope, argument: int) -> Provider:
    """A provider by its name, or an alias. Raises DirectiveError."""
    alias = scope.aliases.get(("authn", name))
    if alias is not None:
        base = find_provider(alias.base, scope, argument)
        settings = dict(base.settings)
        for module, own in alias.settings.items():
            known = settings.get(module)
            settings[module] = own if known is None else merge_settings(known, own)
        return Provider(name, base.kind, settings)
    known_provider = _KINDS.get(name)
    if known_provider is not None:
        return known_provider
    if name in _ELSEWHERE:
        raise UnimplementedError(
            f"the provider '{name}' needs {_ELSEWHERE[name]}, which is not implemented yet",
            argument=argument,
        )
    raise DirectiveError(f"Unknown Authn provider: {name}", argument=argument)


def is_provider(name: str, scope: Scope) -> bool:
    """Whether a name is a provider's or an alias's, implemented or not."""
    return name in _KINDS or name in _ELSEWHERE or ("authn", name) in scope.aliases


def parse_providers(
    directive: Directive, scope: Scope, *, digest: bool = False
) -> tuple[Provider, ...]:
    """The providers that a directive names. Raises DirectiveError."""
    found = []
    for number, word in enumerate(directive.values):
        provider = find_provider(word, scope, number)
        if digest and provider.kind == "anon":
            raise DirectiveError(
                f"The '{word}' Authn provider doesn't support Digest Authentication",
                argument=number,
            )
        found.append(provider)
    return tuple(found)


async def check_password(
    providers: Sequence[Provider], exchange: Exchange, user: str, password: str
) -> Verdict:
    """Ask the providers in order. Raises HTTPError 500 where one cannot answer."""
    for provider in providers:
        if provider.kind == "anon":
            verdict = check_anonymous(
                _settings(provider, exchange, "mod_authn_anon"), exchange, user, password
            )
        elif provider.kind == "file":
            verdict = await _check_file(provider, exchange, user, password)
        else:
            verdict = Verdict.UNKNOWN
        if verdict is not Verdict.UNKNOWN:
            return verdict
    return Verdict.UNKNOWN


async def _check_file(provider: Provider, exchange: Exchange, user: str, password: str) -> Verdict:
    stored = _read(_users, provider, exchange).get(user)
    if stored is None:
        return Verdict.UNKNOWN
    matches = await password_matches(password.encode("latin-1"), stored)
    return Verdict.GRANTED if matches else Verdict.DENIED


def check_anonymous(
    settings: AnonymousSettings | None, exchange: Exchange, user: str, password: str
) -> Verdict:
    """Whether somebody comes in without a password, by an e-mail address at most."""
    if settings is None or not settings.users:
        return Verdict.UNKNOWN
    if user:
        known = "*" in settings.users or user.lower() in settings.users
    else:
        known = settings.may_be_empty
    if not known:
        return Verdict.UNKNOWN
    if settings.must_give_address and not password:
        return Verdict.DENIED
    if settings.verify_address and not ("@" in password and "." in password):
        return Verdict.DENIED
    log = exchange.server.error_log
    if settings.log_address and log is not None and exchange.main is None:
        log.log("info", "authn_anon", f"Anonymous: Passwd <{password}> Accepted", exchange=exchange)
    return Verdict.GRANTED


def check_realm(
    providers: Sequence[Provider], exchange: Exchange, user: str, password: str, realm: str
) -> Verdict:
    """As `check_password`, against a file of digests (AuthBasicUseDigestAlgorithm MD5)."""
    stored = realm_hash(providers, exchange, user, realm)
    if stored is None:
        return Verdict.UNKNOWN
    text = f"{user}:{realm}:{password}".encode("latin-1")
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    matches = hmac.compare_digest(digest.encode(), stored.encode("latin-1"))
    return Verdict.GRANTED if matches else Verdict.DENIED


def realm_hash(
    providers: Sequence[Provider], exchange: Exchange, user: str, realm: str
) -> str | None:
    """MD5 of user:realm:password as the file has it; None for a user nobody knows.

    Raises HTTPError 500 where a provider cannot answer.
    """
    for provider in providers:
        if provider.kind == "anon":
            raise HTTPError(500, f"the provider '{provider.name}' has no digests of passwords")
        if provider.kind == "file":
            stored = _read(_realms, provider, exchange).get((user, realm))
            if stored is not None:
                return stored
    return None


def _settings(provider: Provider, exchange: Exchange, module: str) -> Any:
    """A module's settings in force for a request, with an alias's own laid over them."""
    settings = exchange.plan.settings.get(module)
    own = provider.settings.get(module)
    if own is None or settings is None:
        return settings if own is None else own
    return merge_settings(settings, own)


def _read(cache: FileCache[T], provider: Provider, exchange: Exchange) -> T:
    settings: FileSettings | None = _settings(provider, exchange, "mod_authn_file")
    if settings is None or isinstance(settings.file, Unset):
        raise HTTPError(500, "AuthUserFile not specified in the configuration")
    try:
        return cache.read(settings.file)
    except OSError as error:
        raise HTTPError(
            500, f"Could not open password file: {settings.file}: {error.strerror}"
        ) from None
