"""What a client's first octets say."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.tls.hello import NotTlsError, is_whole, server_name


def hello(name: str | None) -> bytes:
    """What OpenSSL sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    out = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


@pytest.mark.parametrize("name", ["www.example.test", "a", None])
def test_the_name_of_a_real_hello(name: str | None) -> None:
    data = hello(name)
    assert is_whole(data)
    assert server_name(data) == name
    assert not any(is_whole(data[:length]) for length in range(len(data)))


@pytest.mark.parametrize("size", [1, 50, 100])
def test_a_hello_in_many_records(size: int) -> None:
    message = hello("www.example.test")[5:]
    pieces = [message[start : start + size] for start in range(0, len(message), size)]
    data = b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece for piece in pieces)
    assert is_whole(data)
    assert server_name(data) == "www.example.test"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n", b"\x80\x2e\x01", b"\x16\x02"])
def test_what_is_not_tls(data: bytes) -> None:
    with pytest.raises(NotTlsError):
        is_whole(data)


@given(st.binary(max_size=200))
def test_no_octets_break_it(data: bytes) -> None:
    server_name(b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data)


@given(st.integers(0, 516), st.integers(0, 255))
def test_no_change_of_a_hello_breaks_it(position: int, octet: int) -> None:
    data = bytearray(_HELLO)
    data[position % len(data)] = octet
    name = server_name(bytes(data))
    assert name is None or "\0" not in name


_HELLO = hello("www.example.test")
