"""mod_auth_digest: who a client is, proven without sending the password (RFC 7616, MD5, qop=auth).

Laws:
- The user's name stands in the log as soon as a whole Authorization field said it.
- A proof holds for the method and the request target that the client used, and no other: 400.
- A nonce that is too old, from elsewhere or no longer known is `stale`: a browser tries again by
  itself. Whether it is, only who knows the password is told.
- With AuthDigestNcCheck, or a lifetime of 0, no proof is accepted twice, by no child process.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import time
from typing import Final
from urllib.parse import unquote

from revproxy.authn.digest import (
    NEEDED,
    equal,
    is_nonce,
    make_nonce,
    nonce_time,
    parse_digest,
    proof,
)
from revproxy.authn.ledger import LEDGER, Use
from revproxy.authn.providers import FILE_ALONE, parse_providers, realm_hash
from revproxy.authn.settings import DigestSettings, core_of, value_of
from revproxy.authz.challenge import unauthorized
from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError, HTTPError, Severity
from revproxy.http.message import Exchange
from revproxy.http.uri import DEFAULT_PORTS, parse_url
from revproxy.module import AsyncHook, Module, Scope, Server, flag, value_or

_LIFETIME: Final = 300
_NEXT_BEFORE: Final = 30
"""Seconds before its end in which a nonce is followed by the next."""
_SECOND: Final = 1_000_000
_COUNT: Final = re.compile(r"[0-9a-fA-F]{1,16}").fullmatch
_QUERY_HACK: Final = "AuthDigestEnableQueryStringHack"
"""The variable for old browsers that leave the query out of what they prove."""
_PROOF: Final = "digest-proof"
"""The note of what a request has proven, for requests that are made from it."""


def _provider(settings: DigestSettings, directive: Directive, scope: Scope) -> DigestSettings:
    found = parse_providers(directive, scope, digest=True)
    return dataclasses.replace(settings, providers=(*value_or(settings.providers, ()), *found))


def _domain(settings: DigestSettings, directive: Directive, _scope: Scope) -> DigestSettings:
    words = (*value_or(settings.domain, ()), *directive.values)
    return dataclasses.replace(settings, domain=words)


def _qop(settings: DigestSettings, directive: Directive, _scope: Scope) -> DigestSettings:
    for number, word in enumerate(directive.values):
        if word.lower() != "auth":
            raise DirectiveError(
                "AuthDigestQop is deprecated: only 'auth' is supported", argument=number
            )
    return settings


def _algorithm(settings: DigestSettings, directive: Directive, _scope: Scope) -> DigestSettings:
    word = directive.values[0]
    if word.lower() != "md5":
        raise DirectiveError(f"Unsupported algorithm in AuthDigestAlgorithm: {word}", argument=0)
    return settings


def _lifetime(settings: DigestSettings, directive: Directive, _scope: Scope) -> DigestSettings:
    word = directive.values[0]
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", word):
        raise DirectiveError(f"Invalid time in AuthDigestNonceLifetime: {word}", argument=0)
    return dataclasses.replace(settings, lifetime=int(word))


def _memory(settings: DigestSettings, directive: Directive, scope: Scope) -> DigestSettings:
    word = directive.values[0]
    match = _SIZE(word)
    if match is None:
        raise DirectiveError(f"Invalid size in AuthDigestShmemSize: {word}", argument=0)
    size = int(match[1]) * {"": 1, "k": 1024, "m": 1 << 20}[match[2].lower()]
    if size < _SMALLEST:
        text = f"size in AuthDigestShmemSize too small: {size} < {_SMALLEST}"
        raise DirectiveError(text, argument=0)
    text = "AuthDigestShmemSize has no effect: the table has a size of its own"
    scope.warn(Diagnostic("RP527", Severity.INFO, directive.location, text))
    return settings


_SIZE: Final = re.compile(r"([+-]?[0-9]{1,12})([kKmM]?)").fullmatch
_SMALLEST: Final = 88


class Digest:
    """The scheme with the settings of one request plan."""

    def __init__(self, settings: DigestSettings) -> None:
        self._providers = value_or(settings.providers, FILE_ALONE)
        domain = value_or(settings.domain, ())
        self._domain = f', domain="{" ".join(domain)}"' if domain else ""
        self._lifetime = value_or(settings.lifetime, _LIFETIME)
        self._counts = value_or(settings.check_count, False)
        self._is_kept = self._counts or self._lifetime == 0

    def nonce(self, realm: str) -> str:
        """A new nonce for a realm as it is written in the file of users."""
        now = time.time_ns() // 1000
        nonce = make_nonce(realm, now)
        if self._is_kept:
            LEDGER.enter(nonce, now)
        return nonce

    def challenge(self, name: str, realm: str, stale: str = "") -> str:
        """The value of WWW-Authenticate; `name` is the realm with its quotes escaped."""
        value = f'Digest realm="{name}", nonce="{self.nonce(realm)}", algorithm=MD5'
        return f'{value}{self._domain}{stale}, qop="auth"'

    async def authenticate(self, exchange: Exchange) -> bool:
        """Who the client is, where the scheme in force is this. Raises HTTPError."""
        core = core_of(exchange)
        if core.type_for(exchange) != "digest":
            return False
        name = value_of(core.auth_name, exchange)
        if name is None:
            raise HTTPError(500, f"need AuthName: {exchange.path}")
        realm = name.replace('\\"', '"').replace("\\\\", "\\")
        exchange.auth_type = "Digest"
        exchange.challenge = functools.partial(self.challenge, name, realm)
        given = _given(exchange)
        exchange.user = user = given["username"]
        first = _first(exchange)
        _check_target(first, given["uri"])
        if given["realm"] != realm:
            text = f"realm mismatch - got `{given['realm']}' but expected `{realm}'"
            raise unauthorized(exchange, text)
        if given.get("algorithm", "MD5").lower() != "md5":
            text = f"unknown algorithm `{given['algorithm']}' received: {exchange.path}"
            raise unauthorized(exchange, text)
        ha1 = realm_hash(self._providers, exchange, user, realm)
        if ha1 is None:
            text = f"user `{user}' in realm `{realm}' not found: {exchange.path}"
            raise unauthorized(exchange, text)
        if given.get("qop", "").lower() != "auth":
            text = f"invalid or missing qop value '{given.get('qop')}': {exchange.path}"
            raise unauthorized(exchange, text)
        if not equal(proof(ha1, first.method, given), given["response"]):
            raise unauthorized(exchange, f"user {user}: password mismatch: {exchange.path}")
        made = self._check_nonce(exchange, name, realm, given["nonce"])
        self._check_use(exchange, first, name, realm, given)
        if exchange is first:
            self._confirm(exchange, realm, ha1, given, made)
        return True

    def _check_nonce(self, exchange: Exchange, name: str, realm: str, nonce: str) -> int:
        """When a nonce was made (microseconds). Raises HTTPError where it is not good any more."""
        made = nonce_time(realm, nonce)
        age = time.time_ns() // 1000 - (made or 0)
        if made is None:
            reason = f"invalid nonce {nonce} received"
        elif age < 0:
            reason = f"invalid nonce {nonce} received - user attempted time travel"
        elif self._lifetime > 0 and age > self._lifetime * _SECOND:
            reason = f"user {exchange.user}: nonce expired - sending new nonce"
        else:
            return made
        raise self._stale(exchange, name, realm, reason)

    def _check_use(
        self, exchange: Exchange, first: Exchange, name: str, realm: str, given: dict[str, str]
    ) -> None:
        """Raises HTTPError where a proof is used a second time."""
        if not self._is_kept or first.notes.get(_PROOF) == given["response"]:
            return
        nonce, digits = given["nonce"], given["nc"]
        once = self._lifetime == 0
        count = int(digits, 16) if _COUNT(digits) else 0
        use = LEDGER.use(nonce, 1 if once and not self._counts else count, once=once)
        if use is Use.UNKNOWN or (use is Use.REPLAYED and once):
            raise self._stale(exchange, name, realm, f"nonce {nonce} {use.value}")
        if use is Use.REPLAYED:
            text = f"Warning, possible replay attack: nonce-count check failed for nonce {nonce}"
            raise unauthorized(exchange, text)
        first.notes[_PROOF] = given["response"]

    def _stale(self, exchange: Exchange, name: str, realm: str, reason: str) -> HTTPError:
        exchange.challenge = functools.partial(self.challenge, name, realm, ", stale=true")
        return unauthorized(exchange, reason)

    def _confirm(
        self, exchange: Exchange, realm: str, ha1: str, given: dict[str, str], made: int
    ) -> None:
        """Say in the answer that the server knows the password too (Authentication-Info)."""
        age = time.time_ns() // 1000 - made
        following = ""
        if self._lifetime >= 0 and age > (self._lifetime - _NEXT_BEFORE) * _SECOND:
            following = f', nextnonce="{self.nonce(realm)}"'
        text = f'rspauth="{proof(ha1, "", given)}"{following}'
        text += f', cnonce="{given["cnonce"]}", nc={given["nc"]}, qop={given["qop"]}'
        exchange.out.set("Authentication-Info", text)


def _given(exchange: Exchange) -> dict[str, str]:
    """The parameters that the client gave, all that are needed. Raises HTTPError 401."""
    field = exchange.fields.get("authorization")
    if field is None:
        raise unauthorized(exchange, "")
    given = parse_digest(field)
    if given is None:
        scheme = field.partition(" ")[0]
        text = f"client used wrong authentication scheme `{scheme}': {exchange.path}"
        raise unauthorized(exchange, text)
    if any(name not in given for name in NEEDED) or not is_nonce(given["nonce"]):
        text = (
            "missing user, realm, nonce, uri, digest, cnonce, or nonce_count in authorization "
            f"header: {exchange.path}"
        )
        raise unauthorized(exchange, text)
    return given


def _first(exchange: Exchange) -> Exchange:
    """The request that the client made."""
    former: Exchange | None = exchange
    while former is not None:
        exchange, former = former, former.previous or former.main
    return exchange


def _check_target(first: Exchange, uri: str) -> None:
    """Raises HTTPError 400 where a proof was made for another request target."""
    if uri == first.target:
        return
    path, mark, query = uri.partition("?")
    if "://" in uri:
        try:
            url = parse_url(uri)
        except ValueError:
            raise HTTPError(400, f"invalid uri <{uri}> in Authorization header") from None
        host, port = first.server.server.self_address(first)
        default = DEFAULT_PORTS[first.server.server.self_scheme(first)]
        if url.host.lower() != host.lower() or (url.port or default) != port:
            raise _mismatch(first, uri)
        path, mark, query = url.path.partition("?")
    path = unquote(path.partition("#")[0], "latin-1")
    query = query.partition("#")[0]
    wanted = first.query
    if wanted is not None:
        wanted = unquote(wanted, "latin-1")
    given = unquote(query, "latin-1") if mark else None
    if given is None and _QUERY_HACK in first.env:
        given = wanted
    if path not in (first.path, unquote(first.raw_path, "latin-1")) or given != wanted:
        raise _mismatch(first, uri)


def _mismatch(first: Exchange, uri: str) -> HTTPError:
    return HTTPError(400, f"uri mismatch - <{uri}> does not match request-uri <{first.target}>")


def _authn(settings: DigestSettings, _server: Server) -> AsyncHook | None:
    return Digest(settings).authenticate


MODULE = Module(
    name="mod_auth_digest",
    settings=DigestSettings,
    directives={
        "authdigestprovider": _provider,
        "authdigestdomain": _domain,
        "authdigestqop": _qop,
        "authdigestalgorithm": _algorithm,
        "authdigestnoncelifetime": _lifetime,
        "authdigestnccheck": flag("check_count"),
        "authdigestshmemsize": _memory,
    },
    hooks={"authn": _authn},
)
