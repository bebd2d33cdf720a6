"""What mod_ssl does in the phases: may this be served here, to whom, and what is known of it.

Laws:
- The host that SNI chose and the host of the request may differ only where what secures the
  connection is alike (SSLVHostSNIPolicy): else 421, and no certificate check is got around.
- Without TLS on the connection nothing is set; a variable asked for is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from revproxy.authn.basic import make_basic, parse_basic
from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.module import AsyncHook, Hook, Server, value_or
from revproxy.tls.options import Options
from revproxy.tls.settings import Settings

if TYPE_CHECKING:
    from revproxy.tls.client import ClientTls

NO_NAME = (
    "Reason: The client software did not provide a hostname using Server Name Indication (SNI), "
    "which is required to access this server.<br />\n"
)

_MOST_KEPT: Final = 128 * 1024
"""SSLRenegBufferSize without a word."""

CANNOT_ASK = "Reason: Cannot perform Post-Handshake Authentication.<br />"


def host_tls(server: Server) -> ClientTls | None:
    """How a virtual host speaks TLS, made when it was compiled."""
    found: ClientTls | None = server.shared.get("mod_ssl.client")
    return found


def post_read(_settings: Settings, server: Server) -> Hook | None:
    """Refuse what the connection was not secured for."""
    own = host_tls(server)
    if own is None:
        return None

    def check(exchange: Exchange) -> None:
        session = exchange.connection.tls
        if session is None or exchange.previous is not None:
            return
        if session.server_name is None:
            if (own.is_strict or session.tls.is_strict) and session.is_among_many:
                raise HTTPError(403, NO_NAME)
        elif exchange.host is None:
            raise HTTPError(400, "a hostname was provided via SNI, but none in the request")
        if session.tls is not own and session.tls.kind != own.kind:
            raise HTTPError(
                421,
                f"hostname {session.server_name or '(none)'} provided via SNI and hostname "
                f"{exchange.host or '(none)'} provided via HTTP have no compatible SSL setup",
            )

    return check


def names(settings: Settings, server: Server) -> AsyncHook | None:
    """Ask for a certificate where a section wants one and the host did not."""
    own = host_tls(server)
    if own is None or value_or(settings.verify_client, "none") == "none":
        return None

    most = value_or(settings.kept_body, _MOST_KEPT)

    async def ask(exchange: Exchange) -> None:
        session = exchange.connection.tls
        if session is not None and session.client is None and not session.was_asked:
            await exchange.connection.ask_certificate(most)

    return ask


def access(settings: Settings, _server: Server) -> Hook | None:
    """SSLRequireSSL, SSLRequire, client certificates; who the user is by them."""
    wanted = value_or(settings.verify_client, "none")
    requires = value_or(settings.requires, ())
    needs_tls = value_or(settings.require_ssl, False)
    user_name = value_or(settings.user_name, "")
    needs_certificate = wanted == "require"
    if not (needs_tls or requires or needs_certificate or user_name):
        return None

    def check(exchange: Exchange) -> None:
        session = exchange.connection.tls
        if session is None:
            if needs_tls:
                raise _forbidden(exchange, "access failed, reason: SSL connection required")
            # As in Apache, SSLRequire is about connections with TLS alone.
            return
        if needs_certificate and session.client is None:
            why = CANNOT_ASK if session.cannot_be_asked else "a client certificate is required here"
            raise _forbidden(exchange, why)
        if not all(condition(exchange) for condition in requires):
            raise _forbidden(exchange, "Failed expression: SSLRequire")
        if user_name:
            exchange.user = session.variable(user_name.upper()) or exchange.user

    return check


def _forbidden(exchange: Exchange, detail: str) -> HTTPError:
    """A refusal that SSLOptions +StrictRequire holds against Satisfy Any."""
    exchange.notes["ssl-access-forbidden"] = "1"
    return HTTPError(403, detail)


def authn(settings: Settings, _server: Server) -> AsyncHook:
    """Log in by certificate (SSLOptions +FakeBasicAuth); nobody may do so by typing its name."""
    options = value_or(settings.options, Options())
    fakes, is_strict = "FakeBasicAuth" in options, "StrictRequire" in options

    async def check(exchange: Exchange) -> bool:
        if is_strict and "ssl-access-forbidden" in exchange.notes:
            raise HTTPError(403, "denied by mod_ssl, whatever Satisfy says")
        if exchange.previous is not None or exchange.main is not None:
            # The field is there already, if it was made for the request this one comes from.
            return False
        login = parse_basic(exchange.fields.get("authorization") or "")
        if login is not None and login[0].startswith("/") and login[1] == _FAKED:
            raise HTTPError(403, f"Encountered FakeBasicAuth spoof: {login[0]}")
        session = exchange.connection.tls
        if fakes and session is not None and session.client is not None and exchange.user is None:
            name = session.client.one_line.encode("latin-1", "replace").decode("latin-1")
            exchange.fields.set("Authorization", make_basic(name, _FAKED))
        return False

    return check


_FAKED: Final = "password"
"""The password of whoever logs in by certificate."""


def fixups(settings: Settings, server: Server) -> Hook | None:
    """Tell the environment of the client's connection, and what secures one to an origin."""
    secured_with = None
    if value_or(settings.proxy_engine, False):
        # Certificates are read where a plan is made, not where a file is checked.
        from revproxy.tls.origin import origin_tls

        secured_with = origin_tls(settings, server)
    options = value_or(settings.options, Options())
    # A host whose certificates are not there is only asked what it would do; it speaks TLS as well.
    speaks = host_tls(server) is not None or value_or(settings.engine, "off") != "off"
    describe = _describer(options) if speaks else None
    if secured_with is None and describe is None:
        return None

    def tell(exchange: Exchange) -> None:
        exchange.origin_tls = secured_with
        if describe is not None and exchange.connection.tls is not None:
            describe(exchange)

    return tell


def _describer(options: Options) -> Hook:
    standard, certificates = "StdEnvVars" in options, "ExportCertData" in options

    def describe(exchange: Exchange) -> None:
        session, env = exchange.connection.tls, exchange.env
        assert session is not None
        env["HTTPS"] = "on"
        if session.server_name is not None:
            env["SSL_TLS_SNI"] = session.server_name
        if standard:
            env.update(session.standard())
        if certificates:
            env.update(session.certificates())

    return describe
