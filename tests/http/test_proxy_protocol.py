"""The PROXY protocol: what is announced is read back, and nothing else is an announcement."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.proxy_protocol import (
    HEAD,
    SIGNATURE,
    announcement,
    parse_addresses,
    parse_head,
    parse_line,
)

ADDRESSES = st.ip_addresses()
PORTS = st.integers(0, 65535)


@given(ADDRESSES, PORTS)
def test_what_is_announced_is_read_back(address, port):
    kind = "TCP4" if address.version == 4 else "TCP6"
    line = f"PROXY {kind} {address} {address} {port} 80".encode()
    assert parse_line(line) == (str(address), port)
    data = address.packed * 2 + port.to_bytes(2, "big") + b"\0P"
    family = 0x11 if address.version == 4 else 0x21
    head = SIGNATURE + bytes([0x21, family]) + len(data).to_bytes(2, "big")
    assert parse_head(head) == len(data)
    assert parse_addresses(head, data) == (str(address), port)


@given(st.binary(max_size=120))
def test_any_line_is_read_or_refused(line: bytes):
    try:
        found = parse_line(line)
    except ValueError:
        return
    assert line.startswith(b"PROXY ")
    if found is not None:
        ipaddress.ip_address(found[0])
        assert 0 <= found[1] < 65536


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=60))
def test_any_head_is_read_or_refused(rest: bytes, data: bytes):
    head = SIGNATURE + rest
    assert len(head) == HEAD
    try:
        found = parse_addresses(head, data) if parse_head(head) >= 0 else None
    except ValueError:
        return
    if found is not None:
        assert rest[0] == 0x21
        assert (
            ipaddress.ip_address(found[0]).packed
            == data[: len(data)][: ipaddress.ip_address(found[0]).max_prefixlen // 8]
        )


@pytest.mark.parametrize("line", [b"", b"PROXY", b"PROXY TCP4 1.2.3.4 1.2.3.4 1", b"GET / x"])
def test_what_is_cut_short_is_refused(line: bytes):
    with pytest.raises(ValueError, match="PROXY"):
        parse_line(line)


@given(ADDRESSES, PORTS, ADDRESSES, PORTS)
def test_our_own_announcement_is_read_back(source, port, destination, other):
    wanted = str(source)
    if source.version == 4 and destination.version == 6:
        wanted = str(ipaddress.IPv6Address(f"::ffff:{source}"))
    line = announcement(1, (str(source), port), (str(destination), other))
    assert line.endswith(b"\r\n")
    assert parse_line(line[:-2]) == (wanted, port)
    data = announcement(2, (str(source), port), (str(destination), other))
    head, rest = data[:HEAD], data[HEAD:]
    assert parse_head(head) == len(rest)
    assert parse_addresses(head, rest) == (wanted, port)


def test_a_zone_is_left_out():
    line = announcement(1, ("fe80::1%eth0", 1), ("fe80::2%eth0", 2))
    assert line == b"PROXY TCP6 fe80::1 fe80::2 1 2\r\n"
