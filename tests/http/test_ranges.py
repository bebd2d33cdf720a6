"""Range, with the outcomes that Apache 2.4.71 showed for a file of twenty octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import HTTPError
from revproxy.http.ranges import RangeLimits, parse_ranges

LIMITS = RangeLimits(ranges=5)
WHOLE: list[str] = []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=-5", ["15-19"]),
        ("bytes=-0", WHOLE),
        ("bytes=-30", ["0-19"]),
        ("bytes=0-", ["0-19"]),
        ("bytes=0-100", ["0-19"]),
        ("bytes=19-", ["19-19"]),
        ("bytes=5-3", WHOLE),
        ("bytes=", WHOLE),
        ("bytes=,", WHOLE),
        ("bytes=0-1,", ["0-1"]),
        ("bytes=0-1,,4-5,,", ["0-1", "4-5"]),
        ("bytes=,0-1", WHOLE),
        ("bytes= 0-1", WHOLE),
        ("bytes=0-1 , 4-5", WHOLE),
        ("BYTES=0-1", ["0-1"]),
        ("bytes=a-", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=30-40,0-1", ["0-1"]),
        ("bytes=4-5,0-1", ["4-5", "0-1"]),
        ("bytes=0-0,2-2,4-4,6-6,8-8", ["0-0", "2-2", "4-4", "6-6", "8-8"]),
        ("bytes=0-0,2-2,4-4,6-6,8-8,10-10", WHOLE),
        ("bytes=0-9,5-14,3-4", ["0-14"]),
        ("bytes=0-9,10-19", ["0-19"]),
        ("bytes=0-9,11-19", ["0-9", "11-19"]),
        ("bytes=5-9,0-4", ["0-9"]),
        ("bytes=0-1,-0", WHOLE),
        ("bytes=99999999999999999999-", WHOLE),
        ("bytes=0-9223372036854775807", ["0-19"]),
        ("bytes=000-0001", ["0-1"]),
        ("bytes 0-1", WHOLE),
        ("bytes=0-1;2-3", WHOLE),
        ("bytes=+1-2", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=5-9,20-,0-1", ["5-9", "0-1"]),
        ("bytes=0-1,5-3", WHOLE),
        ("bytes=0-0,19-19,0-19", WHOLE),
        ("bytes=10-12,2-3,4-5", ["10-12", "2-5"]),
    ],
)
def test_a_range(text: str, expected: list[str]) -> None:
    found = parse_ranges(text, 20, LIMITS)
    assert [f"{start}-{end - 1}" for start, end in found] == expected


@pytest.mark.parametrize("text", ["bytes=20-", "bytes=9223372036854775806-", "bytes=20-,30-40"])
def test_beyond_the_end(text: str) -> None:
    with pytest.raises(HTTPError) as caught:
        parse_ranges(text, 20, LIMITS)
    assert caught.value.status == 416


def test_nothing_has_no_ranges() -> None:
    assert parse_ranges("bytes=0-", 0, LIMITS) == []


def test_limits() -> None:
    limits = RangeLimits(ranges=None, overlaps=1, reversals=1)
    assert parse_ranges("bytes=0-9,5-14", 200, limits) == [(0, 15)]
    assert parse_ranges("bytes=0-9,5-14,10-20", 200, limits) == []
    assert parse_ranges("bytes=50-59,40-45", 200, limits) == [(50, 60), (40, 46)]
    assert parse_ranges("bytes=50-59,40-45,30-35", 200, limits) == []
    assert parse_ranges("bytes=0-9", 200, RangeLimits(ranges=0)) == []
    assert len(parse_ranges("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 190, 2)), 200, limits))


@given(st.text("0123456789-, b"), st.integers(0, 100))
def test_pieces_lie_within_the_whole(text: str, length: int) -> None:
    try:
        found = parse_ranges(f"bytes={text}", length, RangeLimits())
    except HTTPError:
        found = []
    assert all(0 <= start < end <= length for start, end in found)
    assert sum(end - start for start, end in found) <= length
