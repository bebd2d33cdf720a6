"""TLS towards clients: what a virtual host's directives make of it.

Laws:
- Made in the supervisor, before the children are forked: all of them know the same session tickets.
- A certificate that cannot be used is an error of the line that names it, and no server starts, or
  is reloaded, with it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from revproxy.errors import Location
from revproxy.module import Server, Unset, value_or
from revproxy.records import dataclass
from revproxy.tls.certificate import Certificate
from revproxy.tls.context import (
    MODERN,
    load_authorities,
    load_revocations,
    reason,
    set_ciphers,
    set_curve,
    set_protocols,
    unreadable,
    wrong,
)
from revproxy.tls.exchange import set_group
from revproxy.tls.origin import load_pem
from revproxy.tls.own import CERTIFICATE, KEY
from revproxy.tls.passphrase import is_encrypted, passphrase
from revproxy.tls.settings import Settings
from revproxy.tls.words import Said

_MODES: Final = {
    "none": ssl.CERT_NONE,
    "later": ssl.CERT_OPTIONAL,
    "optional": ssl.CERT_OPTIONAL,
    "require": ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True, eq=False)
class ClientTls:
    """How a virtual host speaks TLS."""

    context: ssl.SSLContext
    certificate: Certificate
    """The server's own, the first of them."""
    kind: tuple[Any, ...]
    """What must be alike for a request to be served on another host's connection."""
    is_strict: bool
    """SSLStrictSNIVHostCheck."""
    verify: str
    """SSLVerifyClient of the host; "later" where just sections of it have one."""
    depth: int
    answers: WeakKeyDictionary[object, bool]
    """The connections whose client was asked later, and whether it has answered."""


def client_tls(settings: Settings, server: Server, *, asks_later: bool = False) -> ClientTls:
    """How a host speaks TLS; `asks_later`: sections of it want certificates. Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    set_protocols(context, settings.protocols, "SSLProtocol")
    set_ciphers(context, settings.ciphers, settings.ciphers13, MODERN)
    if not value_or(settings.honor_order, False):
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.tickets is False:
        context.options |= ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    first = _load_certificates(context, settings, server)
    _set_group(context, settings)
    set_curve(context, value_or(settings.commands, ()))
    verify = value_or(settings.verify_client, "none")
    load_authorities(context, settings.ca_file, settings.ca_path)
    load_revocations(context, settings.crl_check, settings.crl_file, settings.crl_path)
    if verify == "none" and asks_later:
        verify = "later"
    answers: WeakKeyDictionary[object, bool] = WeakKeyDictionary()
    context.verify_mode = _MODES[verify]
    if verify == "later":
        context.post_handshake_auth = True
        _listen(context, answers)
    depth = value_or(settings.verify_depth, 1)
    return ClientTls(
        context=context,
        certificate=first,
        kind=_kind(settings, "none" if verify == "later" else verify, depth),
        is_strict=value_or(settings.strict_sni, False),
        verify=verify,
        depth=depth,
        answers=answers,
    )


def _set_group(context: ssl.SSLContext, settings: Settings) -> None:
    what = value_or(settings.certificates, ())[0]
    try:
        set_group(context, _text(what), is_asked=not isinstance(settings.ciphers, Unset))
    except (OSError, ssl.SSLError) as error:
        raise unreadable(what, f"its DH parameters cannot be used: {reason(error)}") from None


_HANDSHAKE: Final = 22
_FINISHED: Final = 20
"""A record's type and a message's, by their numbers (RFC 8446, sections 5.1 and 4)."""


def _listen(context: ssl.SSLContext, answers: WeakKeyDictionary[object, bool]) -> None:
    """Note when a client has answered: no other sign tells that it has no certificate to show."""

    def note(sock: object, direction: str, _version: int, kind: int, message: int, *_: Any) -> None:
        if direction == "read" and kind == _HANDSHAKE and message == _FINISHED and sock in answers:
            answers[sock] = True

    context._msg_callback = note  # type: ignore[attr-defined]


def _kind(settings: Settings, verify: str, depth: int) -> tuple[Any, ...]:
    policy = value_or(settings.sni_policy, "secure")
    said = (settings.ca_file, settings.ca_path, settings.ciphers, settings.ciphers13)
    authority = (verify, depth, *(item.value if isinstance(item, Said) else "" for item in said))
    if policy == "insecure":
        return ()
    if policy == "authonly":
        return authority
    files = (value_or(settings.certificates, ()), value_or(settings.keys, ()))
    names = tuple(frozenset(item.value for item in these) for these in files)
    strict = (object(),) if policy == "strict" else ()
    return (settings.protocols, authority, names, *strict)


def _load_certificates(context: ssl.SSLContext, settings: Settings, server: Server) -> Certificate:
    """Give the context all certificates with their keys; the first of them."""
    files = value_or(settings.certificates, ())
    keys = value_or(settings.keys, ())
    if not files:
        location = settings.engine_at if isinstance(settings.engine_at, Location) else None
        raise wrong(
            location,
            f"TLS is on for {server.name or 'the server'}, which has no certificate",
            "add SSLCertificateFile and SSLCertificateKeyFile",
        )
    chain = ""
    if isinstance(settings.chain_file, Said):
        chain = "\n".join(CERTIFICATE.findall(_text(settings.chain_file)))
    first = None
    for index, what in enumerate(files):
        key = keys[index] if index < len(keys) else what
        found = _load_certificate(context, settings, server, what, key, chain)
        first = first or found
    assert first is not None
    return first


def _load_certificate(
    context: ssl.SSLContext, settings: Settings, server: Server, what: Said, key: Said, chain: str
) -> Certificate:
    text = _text(what)
    found = CERTIFICATE.findall(text)
    if not found:
        raise unreadable(what, "no certificate in it", "it must be PEM: BEGIN CERTIFICATE")
    own = KEY.search(_text(key))
    if own is None:
        hint = "name its file with SSLCertificateKeyFile" if key == what else ""
        raise unreadable(key, "no private key in it", hint)
    # The key alone: certificates beside it would be sent a second time.
    key_text = own[0]
    password = None
    if is_encrypted(key_text):
        password = passphrase(settings.pass_phrase, key, server)
    pem = "\n".join([*found, chain, key_text])
    try:
        certificate = Certificate(ssl.PEM_cert_to_DER_cert(found[0].strip()))
        load_pem(context, pem, password)
    except (OSError, ValueError) as error:
        text = reason(error)
        if "key values mismatch" in text:
            raise unreadable(key, f"this private key is not the one of {what.value}") from None
        if password is not None and ("bad decrypt" in text or "pem lib" in text):
            raise unreadable(key, "the pass phrase is wrong") from None
        raise unreadable(what, f"the certificate or its key cannot be used: {text}") from None
    return certificate


def _text(what: Said) -> str:
    try:
        return Path(what.value).read_text("latin-1")
    except OSError as error:
        raise unreadable(what, reason(error)) from None
