"""The frames of the demo's WebSocket."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from revproxy.demo.websocket import LIMIT, accept_key, echo, frame_of, read_frame


def masked(first: int, data: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A frame as a client sends it."""
    frame = bytearray(frame_of(first, b"\0" * len(data)))
    start = len(frame) - len(data)
    frame[1] |= 128
    hidden = bytes(octet ^ mask[index % 4] for index, octet in enumerate(data))
    return bytes(frame[:start]) + mask + hidden


def test_key_of_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@given(st.integers(0, 255), st.one_of(st.binary(max_size=200), st.just(b"x" * 70_000)))
def test_what_was_framed_is_read(first: int, data: bytes) -> None:
    assert read_frame(io.BytesIO(frame_of(first, data)).read) == (first, data)
    assert read_frame(io.BytesIO(masked(first, data)).read) == (first, data)


@given(st.binary(max_size=40))
def test_any_octets_end(octets: bytes) -> None:
    stream = io.BytesIO(octets)
    while read_frame(stream.read) is not None:
        pass


def test_a_frame_that_is_too_long_ends_it() -> None:
    assert read_frame(io.BytesIO(b"\x82\x7f" + (LIMIT + 1).to_bytes(8, "big")).read) is None


def test_ping_is_answered_and_close_ends() -> None:
    said = masked(0x89, b"hey") + masked(0x81, b"text") + masked(0x88, b"") + masked(0x81, b"late")
    answer = io.BytesIO()
    echo(io.BytesIO(said), answer)
    expected = frame_of(0x8A, b"hey") + frame_of(0x81, b"text") + frame_of(0x88, b"")
    assert answer.getvalue() == expected
