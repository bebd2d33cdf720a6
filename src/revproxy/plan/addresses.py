"""The addresses that `<VirtualHost>` names."""

from __future__ import annotations

import socket


def written(text: str) -> tuple[str, int]:
    """Host and port of `<VirtualHost address[:port]>` as they are written."""
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        host, port = text, ""
    return host.lower(), int(port) if port.isdigit() else 0


def resolve_address(text: str) -> list[tuple[str, int]]:
    """The (address, port) pairs of `<VirtualHost address[:port]>`; "*" and 0 for any."""
    host, number = written(text)
    host = host.strip("[]")
    if host in ("*", "_default_", ""):
        return [("*", number)]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        # Apache leaves such a host out; it can be meant by its name only, so any address is right.
        return [("*", number)]
    return [(str(item[4][0]), number) for item in found]
