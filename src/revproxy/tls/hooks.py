"""What mod_ssl does in the phases: may this be served here, to whom, and what is known of it.

Laws:
- The host that SNI chose and the host of the request may differ only where what secures the
  connection is alike (SSLVHostSNIPolicy): else 421, and no certificate check is got around.
- Without TLS on the connection nothing is set; a variable asked for is empty.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.module import Hook, Server, Unset, value_or
from revproxy.tls.options import Options
from revproxy.tls.settings import Settings

if TYPE_CHECKING:
    from revproxy.tls.client import ClientTls

NO_NAME = (
    "Reason: The client software did not provide a hostname using Server Name Indication (SNI), "
    "which is required to access this server.<br />\n"
)


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


def access(settings: Settings, server: Server) -> Hook | None:
    """SSLRequireSSL, SSLRequire, client certificates; who the user is by them."""
    wanted = value_or(settings.verify_client, "none")
    options = value_or(settings.options, Options())
    requires = value_or(settings.requires, ())
    needs_tls = value_or(settings.require_ssl, False)
    user_name = value_or(settings.user_name, "")
    own = host_tls(server)
    if own is not None and wanted != "none" and own.verify == "none":
        from revproxy.tls.context import wrong

        location = None if isinstance(settings.verify_at, Unset) else settings.verify_at
        raise wrong(
            location,
            "SSLVerifyClient in a section needs it in the virtual host too: "
            "Python's ssl module cannot renegotiate",
            "write SSLVerifyClient optional into the <VirtualHost>",
        )
    needs_certificate = wanted == "require"
    fakes = "FakeBasicAuth" in options
    if not (needs_tls or requires or needs_certificate or fakes or user_name):
        return None

    def check(exchange: Exchange) -> None:
        session = exchange.connection.tls
        if session is None:
            if needs_tls or requires:
                raise HTTPError(403, "access failed, reason: SSL connection required")
            return
        if needs_certificate and session.client is None:
            raise HTTPError(403, "a client certificate is required here")
        if not all(condition(exchange) for condition in requires):
            raise HTTPError(403, "Failed expression: SSLRequire")
        if user_name:
            exchange.user = session.variable(user_name.upper()) or exchange.user
        if fakes:
            _fake_login(exchange, session)

    return check


def _fake_login(exchange: Exchange, session: Any) -> None:
    """Log in with the certificate's name and the word "password" (SSLOptions +FakeBasicAuth)."""
    if session.client is None or exchange.fields.get("authorization"):
        return
    name = session.client.one_line
    encoded = base64.b64encode(f"{name}:password".encode("latin-1", "replace")).decode("ascii")
    exchange.fields.set("Authorization", f"Basic {encoded}")


def fixups(settings: Settings, server: Server) -> Hook | None:
    """Tell the environment of the client's connection, and what secures one to an origin."""
    secured_with = None
    if value_or(settings.proxy_engine, False):
        # Certificates are read where a plan is made, not where a file is checked.
        from revproxy.tls.origin import origin_tls

        secured_with = origin_tls(settings, server)
    options = value_or(settings.options, Options())
    describe = _describer(options) if host_tls(server) is not None else None
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
