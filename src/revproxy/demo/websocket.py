"""Just enough of RFC 6455 to say again what was said.

Laws:
- A frame from a client is masked, ours are not; a ping is answered, a close ends it.
- A frame longer than a mebibyte ends it as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from io import BufferedIOBase
from typing import Final

MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LIMIT: Final = 1 << 20
CLOSE, PING, PONG = 8, 9, 10


def accept_key(key: str) -> str:
    """What Sec-WebSocket-Accept says to a key."""
    digest = hashlib.sha1(key.encode("latin-1") + MAGIC, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def echo(reader: BufferedIOBase, writer: BufferedIOBase) -> None:
    """Answer frame for frame until the client closes or leaves."""
    while (frame := read_frame(reader.read)) is not None:
        first, data = frame
        kind = first & 15
        if kind == PING:
            first = first & 0xF0 | PONG
        writer.write(frame_of(first, data))
        writer.flush()
        if kind == CLOSE:
            return


def read_frame(read: Callable[[int], bytes]) -> tuple[int, bytes] | None:
    """The first octet and the unmasked data of a frame; None at the end."""
    start = read(2)
    if len(start) < 2:
        return None
    size = start[1] & 127
    if size > 125:
        size = int.from_bytes(read(2 if size == 126 else 8), "big")
    if size > LIMIT:
        return None
    mask = read(4) if start[1] & 128 else b"\0\0\0\0"
    data = read(size)
    if len(mask) < 4 or len(data) < size:
        return None
    return start[0], bytes(octet ^ mask[index % 4] for index, octet in enumerate(data))


def frame_of(first: int, data: bytes) -> bytes:
    """A frame without a mask."""
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data
