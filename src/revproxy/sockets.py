"""Bytes in, bytes out: the calls on a non-blocking socket, plain or TLS.

Laws:
- Try first, and wait only where the kernel says so: a call that can go on costs no checkpoint.
  Who loops over calls makes a checkpoint now and then itself.
- A plain socket raises BlockingIOError, an `ssl.SSLSocket` SSLWantReadError or SSLWantWriteError;
  no caller sees the difference. Every other failure is an OSError.
- Nothing else in revproxy reads from or writes to a stream socket.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections.abc import Callable

from revproxy.lane import forget, note_more, wait_behind, wait_readable, wait_writable


async def recv(sock: socket.socket, size: int) -> bytes:
    """Up to `size` octets; b"" at the end."""
    while True:
        try:
            data = sock.recv(size)
            if len(data) == size:
                note_more(sock)
            return data
        except (BlockingIOError, ssl.SSLWantReadError):
            await wait_readable(sock)
        except ssl.SSLWantWriteError:
            await wait_writable(sock)


async def recv_later(sock: socket.socket, size: int) -> bytes:
    """As `recv`, for a peer that cannot have answered yet: waits first, saving a failing call."""
    if isinstance(sock, ssl.SSLSocket):
        # OpenSSL takes a record at a time, so the edge may be used up with more to read behind it:
        # decrypted and kept, or still in the kernel. To ask the kernel for each socket by itself
        # took 6 µs, a tenth of a request.
        if not sock.pending():
            await wait_behind(sock)
        return await recv(sock, size)
    await wait_readable(sock)
    try:
        data = sock.recv(size)
    except BlockingIOError:
        return await recv(sock, size)
    if len(data) == size:
        note_more(sock)
    return data


async def peek(sock: socket.socket, size: int, beyond: int = 0) -> bytes:
    """More than `beyond` octets of a plain socket, all left there; b"" at the end.

    In the lane alone, whose waits end when something new comes.
    """
    while True:
        try:
            data = sock.recv(size, socket.MSG_PEEK)
        except BlockingIOError:
            data = b""
        else:
            if len(data) > beyond or not data:
                return data
        await wait_readable(sock)


async def recv_into(sock: socket.socket, view: memoryview) -> int:
    """Fill the front of `view`; the number of octets, 0 at the end."""
    while True:
        try:
            count = sock.recv_into(view)
            if count == len(view):
                note_more(sock)
            return count
        except (BlockingIOError, ssl.SSLWantReadError):
            await wait_readable(sock)
        except ssl.SSLWantWriteError:
            await wait_writable(sock)


async def send_all(sock: socket.socket, data: bytes | memoryview) -> None:
    """Send the whole of `data`.

    A memoryview may be of a buffer that others share: what cannot go at once is copied before
    anybody else runs.
    """
    try:
        sent = sock.send(data)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        sent = 0
    if sent == len(data):
        return
    view = memoryview(data if isinstance(data, bytes) else bytes(data))[sent:]
    while view:
        try:
            view = view[sock.send(view) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            await wait_writable(sock)
        except ssl.SSLWantReadError:
            await wait_readable(sock)


async def connect(
    family: int,
    address: tuple[str, int] | tuple[str, int, int, int] | str,
    *,
    source: str | None = None,
    receive_buffer: int = 0,
    keepalive: bool = False,
) -> socket.socket:
    """A connected stream socket; `source` is the local address to bind first. Raises OSError."""
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if keepalive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        status = sock.connect_ex(address)
        if status in (errno.EINPROGRESS, errno.EAGAIN):
            await wait_writable(sock)
            status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            raise OSError(status, os.strerror(status))
    except BaseException:
        close(sock)
        raise
    return sock


async def handshake(sock: ssl.SSLSocket) -> None:
    """Do the TLS handshake. Raises ssl.SSLError or OSError."""
    while True:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            await wait_readable(sock)
        except ssl.SSLWantWriteError:
            await wait_writable(sock)
        else:
            return


def close(sock: socket.socket) -> None:
    """Close the socket; over TLS the peer is told first, as far as that goes without waiting."""
    if isinstance(sock, ssl.SSLSocket):
        end_sending(sock)
    forget(sock)
    sock.close()


def end_sending(sock: socket.socket) -> None:
    """Tell the peer that nothing follows (RFC 8446, section 6.1). Raises OSError for a plain one.

    What it still sends can be read, if only to be thrown away.
    """
    if isinstance(sock, ssl.SSLSocket):
        try:
            sock.unwrap()
        except (OSError, ValueError):
            # It is gone, was never there, or has not said the same yet: nobody waits for that.
            return
    else:
        sock.shutdown(socket.SHUT_WR)


def silence_of(sock: socket.socket) -> Callable[[], bool]:
    """What tells whether an idle connection is alive: nothing to read, no end, no error.

    Made once a connection: the poll object costs more than the poll.
    """
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    poll = poller.poll
    if isinstance(sock, ssl.SSLSocket):
        pending = sock.pending
        # What was decrypted and not read makes no noise on the socket.
        return lambda: not poll(0) and not pending()
    return lambda: not poll(0)
