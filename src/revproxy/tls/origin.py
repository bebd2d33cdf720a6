"""TLS towards origins: from the SSLProxy* directives to what a connection is secured with.

Laws:
- One context for each set of settings of a virtual host: pools tell connections apart by it, so
  that what was verified one way never serves a request that wants another.
- Names and dates are checked even where certificates are not verified (Apache's defaults).
"""

from __future__ import annotations

import dataclasses
import ssl
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm

from revproxy.module import UNSET, Server, Unset, value_or
from revproxy.records import dataclass
from revproxy.tls.context import (
    load_authorities,
    load_revocations,
    reason,
    set_ciphers,
    set_protocols,
    unreadable,
)
from revproxy.tls.memory import in_memory
from revproxy.tls.own import (
    CERTIFICATE,
    KEY,
    OwnCertificate,
    choose_when_asked,
    own_certificate,
    split_pairs,
)
from revproxy.tls.settings import Settings
from revproxy.tls.words import Said

_FIELDS: Final = tuple(
    item.name for item in dataclasses.fields(Settings) if item.name.startswith("proxy_")
)


@dataclass(frozen=True, slots=True, eq=False)
class OriginTls:
    """How connections to origins are secured; each is its own kind of connection."""

    context: ssl.SSLContext
    checks_expiry: bool
    checks_names: bool
    checks_common_name: bool
    depth: int | None
    """The longest chain, the origin's own certificate not counted; None where none is verified."""


def origin_tls(settings: Settings, server: Server) -> OriginTls | None:
    """What secures connections with these settings; None with SSLProxyEngine Off.

    Raises ConfigError.
    """
    if not value_or(settings.proxy_engine, False):
        return None
    known: dict[tuple[Any, ...], OriginTls] = server.shared.setdefault("mod_ssl.origins", {})
    key = tuple(getattr(settings, name) for name in _FIELDS)
    found = known.get(key)
    if found is None:
        found = known[key] = _make(settings)
    return found


def _make(settings: Settings) -> OriginTls:
    context = _context(settings)
    _load_own(context, settings)
    verifies = settings.proxy_verify in _VERIFYING
    names, common = settings.proxy_check_name, settings.proxy_check_cn
    checks_names = names is not False and (common is not False or names is True)
    return OriginTls(
        context=context,
        checks_expiry=settings.proxy_check_expire is not False,
        checks_names=checks_names,
        checks_common_name=not checks_names and common is True,
        depth=value_or(settings.proxy_depth, 1) if verifies else None,
    )


_VERIFYING: Final = ("require", "optional")


def _context(settings: Settings) -> ssl.SSLContext:
    """What all connections with these settings have in common. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # No verification callback can be had here: what optional_no_ca lets pass is not looked at.
    verifies = settings.proxy_verify in _VERIFYING
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    set_protocols(context, settings.proxy_protocols, "SSLProxyProtocol")
    set_ciphers(context, settings.proxy_ciphers, settings.proxy_ciphers13)
    load_authorities(context, settings.proxy_ca_file, settings.proxy_ca_path)
    load_revocations(
        context, settings.proxy_crl_check, settings.proxy_crl_file, settings.proxy_crl_path
    )
    return context


def _load_own(context: ssl.SSLContext, settings: Settings) -> None:
    """Our own certificate, for origins that ask for one (SSLProxyMachineCertificate*)."""
    found = [(what, pem) for what, pem in _own_files(settings) if KEY.search(pem)]
    if not found:
        if not isinstance(settings.proxy_machine_file, Unset):
            raise unreadable(
                settings.proxy_machine_file,
                "no certificate with its private key",
                "put both into the file, in PEM; the key must not be encrypted",
            )
        return
    chain: list[str] = []
    if not isinstance(settings.proxy_machine_chain, Unset):
        chain = CERTIFICATE.findall(Path(settings.proxy_machine_chain.value).read_text("latin-1"))
    own = [pair for what, text in found for pair in _pairs(what, text, chain)]
    load_pem(context, own[0].pem)
    if len(own) > 1:
        contexts = []
        for certificate in own:
            contexts.append(_context(settings))
            load_pem(contexts[-1], certificate.pem)
        choose_when_asked(context, own, contexts, _context(settings))


def _pairs(what: Said, text: str, chain: list[str]) -> list[OwnCertificate]:
    """The certificates of a file, each with its key and tried out. Raises ConfigError."""
    if "ENCRYPTED" in text:
        raise unreadable(what, "the private key is encrypted, which Apache does not take here")
    try:
        found = [own_certificate(pair, chain) for pair in split_pairs(text)]
        for certificate in found:
            load_pem(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate.pem)
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise unreadable(what, f"no certificate with its private key: {reason(error)}") from None
    if len(found) < len(KEY.findall(text)):
        raise unreadable(what, "a private key without its certificate")
    return found


def _own_files(settings: Settings) -> list[tuple[Said, str]]:
    found = []
    if settings.proxy_machine_file is not UNSET:
        found.append(settings.proxy_machine_file)
    if settings.proxy_machine_path is not UNSET:
        folder = settings.proxy_machine_path
        found += (
            Said(str(path), folder.location)
            for path in sorted(Path(folder.value).iterdir())
            if path.is_file()
        )
    return [(what, Path(what.value).read_text("latin-1")) for what in found]


def load_pem(context: ssl.SSLContext, pem: str, password: str | None = None) -> None:
    """Give a context a certificate, its chain and its key, all in one text.

    OpenSSL takes files alone: this one is in memory. Raises ssl.SSLError, OSError.
    """
    with in_memory(pem) as path:
        context.load_cert_chain(path, password=password or "")
