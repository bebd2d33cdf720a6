"""OpenSSL contexts: what clients' and origins' directives have in common.

Laws:
- What OpenSSL refuses is an error of the directive that asked for it, with its place.
- TLS 1.2 is the least without a word in the file; what a file asks for, OpenSSL judges.
"""

from __future__ import annotations

import re
import ssl
import warnings
from collections.abc import Callable
from typing import Final

from revproxy.errors import ConfigError, Diagnostic, Location, Severity
from revproxy.module import Unset
from revproxy.tls.words import PROTOCOLS, Said

_UNREADABLE: Final = "RP523"
_BAD_VALUE: Final = "RP516"
MODERN: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"
"""Suites that no scanner has a word against: forward secrecy and authenticated encryption."""

_NEVER: Final = ":!aNULL:!eNULL:!EXP"
"""Behind every list of ciphers: no authentication, no encryption, no export grade."""

_VERSIONS: Final = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_TLS13_SUITES: Final = frozenset((
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
))  # fmt: skip
_DECORATION: Final = re.compile(r"\[[^]]*\] | ?\(_ssl\.c:\d+\)")
_REVOCATION: Final = {
    "none": ssl.VerifyFlags.VERIFY_DEFAULT,
    "leaf": ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF,
    "chain": ssl.VerifyFlags.VERIFY_CRL_CHECK_CHAIN,
}


def wrong(location: Location | None, message: str, hint: str = "") -> ConfigError:
    """The error of a value that cannot be used."""
    return ConfigError([Diagnostic(_BAD_VALUE, Severity.ERROR, location, message, hint)])


def unreadable(what: Said, message: str, hint: str = "") -> ConfigError:
    """The error of a file whose content cannot be used."""
    text = f"{what.value}: {message}"
    return ConfigError([Diagnostic(_UNREADABLE, Severity.ERROR, what.location, text, hint)])


def reason(error: Exception) -> str:
    """What OpenSSL or the system says, in words."""
    if isinstance(error, ssl.SSLError):
        text = error.reason or _DECORATION.sub("", str(error))
        return text.replace("_", " ").lower()
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


def set_protocols(context: ssl.SSLContext, chosen: frozenset[str] | Unset, name: str) -> None:
    """The versions from the highest one down to the first that is missing, as Apache sets them."""
    if isinstance(chosen, Unset):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return
    if not chosen:
        raise wrong(None, f"No SSL protocols available: {name} leaves none")
    newest = max(PROTOCOLS.index(version) for version in chosen)
    oldest = newest
    while oldest and PROTOCOLS[oldest - 1] in chosen:
        oldest -= 1
    with warnings.catch_warnings():
        # Python warns of TLS 1.0 and 1.1; whoever writes them into the file knows.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[PROTOCOLS[oldest]]
        context.maximum_version = _VERSIONS[PROTOCOLS[newest]]


def set_ciphers(
    context: ssl.SSLContext, old: Said | Unset, new: Said | Unset, default: str = "DEFAULT"
) -> None:
    """The suites up to TLS 1.2 (`old`) and those of TLS 1.3 (`new`). Raises ConfigError."""
    text = default if isinstance(old, Unset) else old.value
    try:
        context.set_ciphers(text + _NEVER)
    except ssl.SSLError:
        location = None if isinstance(old, Unset) else old.location
        raise wrong(location, f"no cipher suite of OpenSSL fits '{text}'") from None
    if not isinstance(new, Unset):
        _set_tls13_suites(context, new)


def _set_tls13_suites(context: ssl.SSLContext, new: Said) -> None:
    choose = getattr(context, "set_ciphersuites", None)
    if choose is not None:
        try:
            choose(new.value)
        except ssl.SSLError:
            raise wrong(new.location, f"no TLS 1.3 suite of OpenSSL fits '{new.value}'") from None
    elif frozenset(new.value.split(":")) != _TLS13_SUITES:
        # Python before 3.15 leaves OpenSSL's own three in force.
        raise wrong(
            new.location,
            "choosing among the suites of TLS 1.3 needs Python 3.15 or later",
            f"leave the line out, or name all three: {':'.join(sorted(_TLS13_SUITES))}",
        )


def set_curve(context: ssl.SSLContext, commands: tuple[tuple[str, Said], ...]) -> None:
    """The commands of SSLOpenSSLConfCmd, in order. Raises ConfigError."""
    for name, value in commands:
        try:
            _COMMANDS[name](context, value)
        except (OSError, ValueError, KeyError) as error:
            raise wrong(value.location, f"'{value.value}' cannot be set: {error}") from None


def _set_groups(context: ssl.SSLContext, value: Said) -> None:
    choose = getattr(context, "set_groups", None)
    if choose is not None:
        choose(value.value)
    elif ":" in value.value:
        raise wrong(
            value.location,
            "a list of groups needs Python 3.15 or later",
            "name one curve, as in: SSLOpenSSLConfCmd Groups prime256v1",
        )
    else:
        context.set_ecdh_curve(
            {"P-256": "prime256v1", "P-384": "secp384r1"}.get(value.value, value.value)
        )


def _set_minimum(context: ssl.SSLContext, value: Said) -> None:
    context.minimum_version = _VERSIONS[value.value]


def _set_maximum(context: ssl.SSLContext, value: Said) -> None:
    context.maximum_version = _VERSIONS[value.value]


_COMMANDS: Final[dict[str, Callable[[ssl.SSLContext, Said], None]]] = {
    "groups": _set_groups,
    "curves": _set_groups,
    "ecdhparameters": _set_groups,
    "minprotocol": _set_minimum,
    "maxprotocol": _set_maximum,
    "cipherstring": lambda context, value: context.set_ciphers(value.value),
    "ciphersuites": _set_tls13_suites,
    "dhparameters": lambda context, value: context.load_dh_params(value.value),
}
COMMANDS: Final = frozenset(_COMMANDS)
"""What SSLOpenSSLConfCmd can do here, in lower case."""


def load_authorities(context: ssl.SSLContext, file: Said | Unset, path: Said | Unset) -> bool:
    """Trust these certificates; whether there are any. Raises ConfigError."""
    _load_locations(context, file, path, "no certificates")
    return not (isinstance(file, Unset) and isinstance(path, Unset))


def load_revocations(
    context: ssl.SSLContext, check: str | Unset, file: Said | Unset, path: Said | Unset
) -> None:
    """Check with these revocation lists. Raises ConfigError."""
    _load_locations(context, file, path, "no revocation lists")
    if not isinstance(check, Unset):
        context.verify_flags |= _REVOCATION[check]


def _load_locations(
    context: ssl.SSLContext, file: Said | Unset, path: Said | Unset, missing: str
) -> None:
    for what, kind in ((file, "cafile"), (path, "capath")):
        if isinstance(what, Unset):
            continue
        try:
            context.load_verify_locations(**{kind: what.value})
        except (OSError, ValueError) as error:
            raise unreadable(what, f"{missing}: {reason(error)}") from None
