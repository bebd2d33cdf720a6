"""The first octets of a TLS connection: the name that the client asks for (RFC 8446, 4.1.2).

Laws:
- Read before the handshake begins, so that it runs with the right virtual host's settings from the
  start: OpenSSL can change the certificate on the way, but not whether it asks for the client's.
- Nothing is judged here but whether it is TLS at all; OpenSSL judges the rest.
"""

from __future__ import annotations

from typing import Final

_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0
LONGEST: Final = 16 * 1024
"""What a hello may measure before nobody looks for a name in it any more."""


class NotTlsError(ValueError):
    """The client does not speak TLS."""


def is_whole(data: bytes) -> bool:
    """Whether a hello is there to its end. Raises NotTlsError."""
    if (data[:1] and data[0] != _HANDSHAKE) or (data[1:2] and data[1] != 3):
        raise NotTlsError
    message = _message(data)
    return len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big")


def _message(data: bytes) -> bytes:
    """What the records carry, as far as they are there."""
    message = b""
    while len(data) >= 5 and data[0] == _HANDSHAKE:
        length = int.from_bytes(data[3:5], "big")
        message += data[5 : 5 + length]
        data = data[5 + length :]
    return message


def server_name(data: bytes) -> str | None:
    """The host name of a hello (RFC 6066, section 3); None where it has none that can be read."""
    message = _message(data)
    if message[:1] != bytes((_CLIENT_HELLO,)):
        return None
    # Type and length, version, random; then three vectors with lengths of 1, 2 and 1 octets.
    position = 4 + 2 + 32
    for size in (1, 2, 1):
        position += size + int.from_bytes(message[position : position + size], "big")
    end = position + 2 + int.from_bytes(message[position : position + 2], "big")
    position += 2
    while position + 4 <= min(end, len(message)):
        kind = int.from_bytes(message[position : position + 2], "big")
        length = int.from_bytes(message[position + 2 : position + 4], "big")
        if kind == _SERVER_NAME:
            return _first_name(message[position + 4 : position + 4 + length])
        position += 4 + length
    return None


def _first_name(names: bytes) -> str | None:
    length = int.from_bytes(names[3:5], "big")
    name = names[5 : 5 + length]
    if len(names) < 5 or names[2] or len(name) < length or not name or b"\0" in name:
        return None
    return name.decode("latin-1")
