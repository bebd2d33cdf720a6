"""The accept loop of a child process.

Laws:
- All child processes accept on the same sockets; whoever is free takes the next connection.
- Out of descriptors is waited out, never a busy loop and never the end of the loop.
"""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import Any, Final

import trio

from revproxy.lane import Lane, checkpoint, in_trio, wait_readable
from revproxy.plan.plan import Listener, Plan
from revproxy.server.admission import Admission
from revproxy.server.announced import serve_announced
from revproxy.server.connection import ClientConnection
from revproxy.server.secured import serve_secured
from revproxy.server.watchdog import Watchdog

_ACCEPTS_IN_A_ROW: Final = 16
_OUT_OF_RESOURCES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_PAUSE: Final = 0.1
"""Seconds to wait where no descriptor is left."""


async def accept_loop(
    listener: socket.socket, plan: Plan, watchdog: Watchdog, lane: Lane, admission: Admission
) -> None:
    """Accept until interrupted, itself and each connection a coroutine of the lane."""
    count = 0
    while True:
        if admission.is_full:
            await in_trio(admission.make_room)
        try:
            sock, peer = listener.accept()
        except BlockingIOError:
            await wait_readable(listener)
            continue
        except OSError as error:
            if error.errno in _OUT_OF_RESOURCES:
                await in_trio(trio.sleep, _PAUSE)
            continue
        _serve(sock, peer, plan, watchdog, lane, admission)
        count += 1
        if not count % _ACCEPTS_IN_A_ROW:
            await checkpoint()


def _serve(
    sock: socket.socket,
    peer: Any,
    plan: Plan,
    watchdog: Watchdog,
    lane: Lane,
    admission: Admission,
) -> None:
    sock.setblocking(False)
    client = _address(peer)
    try:
        local = _address(sock.getsockname())
    except OSError:
        sock.close()
        return
    if not admission.enter(client[0]):
        sock.close()
        return
    names = plan.names_at(*local)
    connection = ClientConnection(sock, client, local, names, watchdog, lane)
    watchdog.watched.add(connection)
    serve = connection.serve
    if names.default.tls is not None:
        serve = partial(serve_secured, connection, sock, names)
    announces = names.default.announces
    if announces is not None and announces(connection.client_address):
        serving = serve_announced(connection, sock, names.default.timeout, serve)
    else:
        serving = serve()
    connection.task = lane.start(serving)


def _address(name: Any) -> tuple[str, int]:
    """Address and port, an IPv4 address mapped into IPv6 as the former."""
    host, port = name[0], name[1]
    return host.removeprefix("::ffff:") if "." in host else host, port


def bind(listener: Listener, backlog: int, receive_buffer: int, send_buffer: int) -> socket.socket:
    """A listening socket. Raises OSError.

    Without an address it takes IPv6 and IPv4 alike where the machine has both.
    """
    host = listener.host
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if family == socket.AF_INET and not host.replace(".", "").isdigit():
            host = socket.gethostbyname(host)
    else:
        family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if host else 0)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if send_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        sock.bind((host, listener.port))
        sock.listen(backlog)
        sock.setblocking(False)
        sock.set_inheritable(True)
    except BaseException:
        sock.close()
        raise
    return sock
