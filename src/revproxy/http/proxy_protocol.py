"""The PROXY protocol, versions 1 and 2: who the client is, as a load balancer in front says it and
as an origin is told.

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
"""An address and a port: the client's, where nothing else is said."""

_VERSION_2: Final = 0x20
_LOCAL, _PROXY = 0x20, 0x21
_UNSPEC: Final = 0x00
_FAMILIES: Final = {0x11: 4, 0x21: 16}
"""TCP over IPv4 and IPv6, with the octets of an address."""


def announcement(version: int, source: Source, destination: Source) -> bytes:
    """The header of a version that says so of a client's connection.

    Where one address is of IPv6, so is the other: an IPv4 address then stands within one.
    """
    addresses = [ipaddress.ip_address(host.partition("%")[0]) for host, _ in (source, destination)]
    if len({address.version for address in addresses}) > 1:
        addresses = [
            ipaddress.IPv6Address(f"::ffff:{address}") if address.version == 4 else address
            for address in addresses
        ]
    is_six = addresses[0].version == 6
    if version == 1:
        family = "TCP6" if is_six else "TCP4"
        line = f"PROXY {family} {addresses[0]} {addresses[1]} {source[1]} {destination[1]}\r\n"
        return line.encode("ascii")
    data = b"".join(address.packed for address in addresses)
    data += source[1].to_bytes(2, "big") + destination[1].to_bytes(2, "big")
    return (
        SIGNATURE + bytes((_PROXY, 0x21 if is_six else 0x11)) + len(data).to_bytes(2, "big") + data
    )


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
