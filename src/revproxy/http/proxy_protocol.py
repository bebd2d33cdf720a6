"""The PROXY protocol: who a load balancer in front says the client is (its versions 1 and 2).

Laws:
- What is not exactly of the protocol is refused: an address that can be made up is worse than none.
- Version 1 is a line of at most 107 octets; version 2 says its length, at most `LONGEST` here.
- UNKNOWN, UNSPEC and LOCAL say nothing: the peer's own address counts.
"""

from __future__ import annotations

import ipaddress
from typing import Final

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
"""What version 2 begins with."""
HEAD: Final = 16
"""Octets of version 2 before the addresses."""
LONGEST_LINE: Final = 107
LONGEST: Final = 4096

Source = tuple[str, int]
"""The client's address and port."""

_VERSION_2: Final = 0x20
_LOCAL, _PROXY = 0x20, 0x21
_UNSPEC: Final = 0x00
_FAMILIES: Final = {0x11: 4, 0x21: 16}
"""TCP over IPv4 and IPv6, with the octets of an address."""


def parse_line(line: bytes) -> Source | None:
    """What a line of version 1 (without CRLF) says; None for UNKNOWN. Raises ValueError."""
    if len(line) + 2 > LONGEST_LINE:
        raise ValueError("a PROXY line is at most 107 octets long")
    words = line.decode("ascii").split(" ")
    if words[0] != "PROXY":
        raise ValueError("no PROXY line")
    if words[1:2] == ["UNKNOWN"]:
        return None
    kinds = {"TCP4": ipaddress.IPv4Address, "TCP6": ipaddress.IPv6Address}
    if len(words) != 6 or words[1] not in kinds:
        raise ValueError("a PROXY line names a protocol, two addresses and two ports")
    kind = kinds[words[1]]
    source, _destination = kind(words[2]), kind(words[3])
    port, _other = _port(words[4]), _port(words[5])
    return str(source), port


def _port(word: str) -> int:
    if not (word.isdigit() and word.isascii()) or int(word) > 0xFFFF:
        raise ValueError("no port")
    return int(word)


def parse_head(data: bytes) -> int:
    """How many octets follow the head of version 2. Raises ValueError."""
    if data[:12] != SIGNATURE or data[12] & 0xF0 != _VERSION_2:
        raise ValueError("no head of the PROXY protocol's version 2")
    length = int.from_bytes(data[14:16], "big")
    if length > LONGEST:
        raise ValueError("a head of the PROXY protocol is too long")
    return length


def parse_addresses(head: bytes, data: bytes) -> Source | None:
    """What version 2 says: `data` is what follows `head`. Raises ValueError."""
    command, family = head[12], head[13]
    if command == _LOCAL:
        return None
    if command != _PROXY:
        raise ValueError("no command of the PROXY protocol")
    if family == _UNSPEC:
        return None
    size = _FAMILIES.get(family)
    if size is None:
        raise ValueError("the client came neither by TCP over IPv4 nor over IPv6")
    if len(data) < 2 * size + 4:
        raise ValueError("the addresses are cut short")
    return str(ipaddress.ip_address(data[:size])), int.from_bytes(
        data[2 * size : 2 * size + 2], "big"
    )
