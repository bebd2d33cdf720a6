"""The chunked coding, read in any pieces."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.chunked import LAST_CHUNK, MAX_SIZE_LINE, ChunkedReader, chunk


def read(pieces: list[bytes]) -> tuple[bytes, ChunkedReader]:
    reader = ChunkedReader()
    decoded = b"".join(reader.feed(piece) for piece in pieces if not reader.done)
    return decoded, reader


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_what_is_coded_is_decoded_however_it_is_cut(
    bodies: list[bytes], data: st.DataObject
) -> None:
    coded = b"".join(map(chunk, bodies)) + LAST_CHUNK
    cuts = data.draw(st.lists(st.integers(0, len(coded)), max_size=8).map(sorted))
    pieces = [coded[a:b] for a, b in zip([0, *cuts], [*cuts, len(coded)], strict=True)]
    decoded, reader = read(pieces)
    assert decoded == b"".join(bodies)
    assert reader.done
    assert reader.rest == b""


@given(st.binary(max_size=60) | st.from_regex(rb"([0-9a-f]{1,2}(;a)?\r\n.{0,6}\r\n){0,3}0\r\n\r\n"))
def test_what_is_accepted_is_what_h11_accepts(coded: bytes) -> None:
    try:
        decoded, reader = read([coded])
    except ValueError:
        return
    if not reader.done:
        return
    judge = h11.Connection(h11.SERVER)
    judge.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + coded)
    assert isinstance(judge.next_event(), h11.Request)
    theirs = b""
    while isinstance(event := judge.next_event(), h11.Data):
        theirs += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert theirs == decoded


def test_what_follows_is_kept_and_trailers_are_dropped() -> None:
    decoded, reader = read([b"3;ext=1\r\nabc\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1"])
    assert decoded == b"abc"
    assert reader.rest == b"GET / HTTP/1.1"


@pytest.mark.parametrize(
    "coded",
    [
        b"x\r\n",
        b"3\r\nabcd\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"-1\r\n",
        b"3\n",
        b"0x3\r\nabc\r\n",
        b"0\r\nbad trailer\r\n\r\n",
        b"1;" + b"a" * (MAX_SIZE_LINE + 1),
        b"0\r\nX: " + b"a" * 70000,
        b"11111111111111111\r\n",
    ],
)
def test_anything_else_is_refused(coded: bytes) -> None:
    with pytest.raises(ValueError, match="chunk|trailer"):
        read([coded])
