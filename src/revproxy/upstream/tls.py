"""TLS towards an origin: the handshake, and whether the origin is who it should be.

Laws:
- The name that is asked for (SNI) is the name that is checked: the origin's, or the client's Host
  with ProxyPreserveHost; an address is checked but not sent (RFC 6066, section 3).
- What fails is an OriginError 500, as in Apache.
"""

from __future__ import annotations

import ssl
from socket import socket
from typing import Any, Final

import trio

from revproxy import sockets
from revproxy.errors import OriginError
from revproxy.tls.certificate import Certificate, fits
from revproxy.upstream.route import Route

FAILED: Final = "Error during SSL Handshake with remote server"


async def secure(sock: socket, route: Route, patience: float) -> ssl.SSLSocket:
    """Do the handshake on a connected socket, within `patience` seconds.

    Raises OriginError; the socket is closed then.
    """
    try:
        secured = _wrap(sock, route)
    except (OSError, ValueError) as error:
        sockets.close(sock)
        raise _failed(str(error)) from None
    try:
        with trio.move_on_after(patience) as scope:
            await sockets.handshake(secured)
            _check(secured, route)
        if scope.cancelled_caught:
            raise _failed("timeout")
    except OSError as error:
        sockets.close(secured)
        raise _failed(str(error)) from None
    except BaseException:
        sockets.close(secured)
        raise
    return secured


def _wrap(sock: socket, route: Route) -> ssl.SSLSocket:
    assert route.tls is not None
    context, name = route.tls.context, route.server_name
    try:
        return context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    except (UnicodeError, ValueError):
        # No name that can be sent.
        return context.wrap_socket(sock, do_handshake_on_connect=False)


def _failed(detail: str) -> OriginError:
    error = OriginError(500, FAILED, reason="Proxy Error")
    error.add_note(detail)
    return error


def _check(sock: ssl.SSLSocket, route: Route) -> None:
    """Raises OriginError."""
    tls, host = route.tls, route.server_name
    assert tls is not None
    if tls.depth is not None and _chain_length(sock) - 1 > tls.depth:
        raise _failed("certificate chain too long")
    if not (tls.checks_expiry or tls.checks_names or tls.checks_common_name):
        return
    der = sock.getpeercert(binary_form=True)
    try:
        certificate = Certificate(der or b"")
        names = certificate.names if tls.checks_names else certificate.common_names[-1:]
    except ValueError:
        raise _failed("the origin's certificate cannot be read") from None
    if tls.checks_expiry and not certificate.is_valid_now:
        raise _failed("the origin's certificate has expired")
    checks_host = tls.checks_names or tls.checks_common_name
    if checks_host and host is not None and not any(fits(name, host) for name in names):
        raise _failed(f"the origin's certificate does not fit {host}")


def _chain_length(sock: ssl.SSLSocket) -> int:
    """The certificates from the origin's to the root (a public method from Python 3.13 on)."""
    source: Any = sock
    if not hasattr(source, "get_verified_chain"):
        source = source._sslobj
    return len(source.get_verified_chain())
