"""gzip: what is coded is decoded again, whatever the pieces; bombs are known early."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.coding.gzip import BombError, GzipDecoder, GzipEncoder, Limits

PIECES = st.lists(st.binary(max_size=300), max_size=12)
ANY = Limits(ratio=1 << 30)


@given(PIECES, st.integers(0, 9), st.sampled_from([0, 9, 15]), st.booleans(), st.booleans())
def test_pieces_come_out_as_they_went_in(
    pieces: list[bytes], level: int, window: int, flush: bool, knows_size: bool
) -> None:
    size = sum(map(len, pieces)) if knows_size else None
    encoder = GzipEncoder(level, window, 0, size)
    out = b""
    for piece in pieces:
        out += encoder.feed(piece)
        if flush:
            out += encoder.flush()
            plain = zlib.decompressobj(31).decompress(out)
            assert plain == b"".join(pieces)[: len(plain)]
    out += encoder.finish()
    assert gzip.decompress(out) == b"".join(pieces)
    decoder = GzipDecoder(ANY)
    assert b"".join(decoder.feed(out[at : at + 7]) for at in range(0, len(out), 7)) == b"".join(
        pieces
    )
    assert decoder.is_done


def test_a_flush_gives_all_that_was_fed() -> None:
    encoder, reader = GzipEncoder(), zlib.decompressobj(31)
    for number in range(5):
        text = f"event {number}\n\n".encode()
        assert reader.decompress(encoder.feed(text) + encoder.flush()) == text


@pytest.mark.parametrize("level", range(1, 10))
def test_a_level_means_at_most_its_size_in_zlib(level: int) -> None:
    text = b" ".join(b"%d %d" % (number * 7919 % 1009, number) for number in range(20000))
    encoder = GzipEncoder(level)
    size = len(encoder.feed(text) + encoder.finish())
    coder = zlib.compressobj(level, 8, 31, 9)
    assert size <= 1.1 * len(coder.compress(text) + coder.flush())


def test_a_bomb_is_known_before_it_has_gone_off() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    decoder = GzipDecoder(Limits())
    with pytest.raises(BombError, match="ratio is larger than the configured limit 200 by 3"):
        decoder.feed(bomb)
    decoder = GzipDecoder(Limits(size=10_000, ratio=1 << 30))
    with pytest.raises(BombError, match="larger than the configured limit of 10000") as caught:
        decoder.feed(bomb)
    assert caught.value.too_large


@given(st.binary(min_size=2, max_size=40).filter(lambda data: data[:2] != b"\x1f\x8b"))
def test_what_is_no_gzip_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="Zlib error"):
        GzipDecoder(ANY).feed(data)
