"""Asking for a client's certificate amid a connection (RFC 8446, section 4.6.2): what stands in
place of renegotiation, for sections with an SSLVerifyClient of their own.

Laws:
- A client is asked once on a connection, and just where it has said that it can be.
- What it sends before its answer is kept, up to SSLRenegBufferSize: 413 beyond.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final

from revproxy import sockets
from revproxy.errors import HTTPError
from revproxy.lane import wait_readable

TOO_LONG: Final = "request body exceeds maximum size for SSL buffer"
_READ_SIZE: Final = 16 * 1024


async def ask_certificate(sock: Any, session: Any, most: int, wait: Callable[[], None]) -> bytes:
    """Ask, and await the answer; what else came of the client meanwhile, `most` octets of it.

    `wait` is called before the client is waited for. Raises HTTPError 403, 413 and OSError.
    """
    session.was_asked = True
    answers = session.tls.answers
    try:
        sock.verify_client_post_handshake()
    except ssl.SSLError:
        # An older version of TLS was asked at the beginning; a client of TLS 1.3 that has not said
        # it can be asked has no way to show one.
        session.cannot_be_asked = session.variable("SSL_PROTOCOL") == "TLSv1.3"
        return b""
    answers[sock] = False
    data = b""
    try:
        wait()
        await sockets.handshake(sock)
        while not answers[sock]:
            try:
                piece = sock.recv(_READ_SIZE)
            except ssl.SSLWantReadError:
                if not answers[sock]:
                    await wait_readable(sock)
                continue
            if not piece:
                raise ConnectionResetError
            data += piece
            if len(data) > most:
                raise HTTPError(413, TOO_LONG, close=True)
    except ssl.SSLError as error:
        text = f"the client's certificate is not accepted: {error.reason or error}"
        raise HTTPError(403, text, close=True) from None
    finally:
        del answers[sock]
    session.renew()
    if session.client is not None and session.chain_length() - 1 > session.tls.depth:
        raise HTTPError(403, "the client's certificate chain is too long", close=True)
    return data
