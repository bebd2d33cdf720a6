"""Conditional requests, with the outcomes that Apache 2.4.71 showed."""

from __future__ import annotations

import pytest

from revproxy.http.conditional import Validators, evaluate, range_applies
from revproxy.http.dates import format_http_date
from revproxy.http.fields import Fields

MODIFIED = 1_700_000_000
OLD = Validators('"tag"', MODIFIED)
WEAK = Validators('W/"tag"', MODIFIED)
NONE = Validators(None, MODIFIED)
NOW = MODIFIED + 1000


def fields(text: str) -> Fields:
    """`Name: value` lines; `@-1` stands for the date a second before the file's."""
    table = Fields()
    for line in filter(None, text.split("\n")):
        name, value = line.split(": ", 1)
        if value.startswith("@"):
            value = format_http_date(MODIFIED + int(value[1:]))
        table.add(name, value)
    return table


RANGE = "\nRange: bytes=0-1"


@pytest.mark.parametrize(
    ("text", "validators", "status"),
    [
        ("", OLD, 0),
        ("If-Match: *", NONE, 0),
        ('If-Match: "tag"', OLD, 0),
        ('If-Match: "x", "tag"', OLD, 0),
        ('If-Match: "x"', OLD, 412),
        ('If-Match: W/"tag"', OLD, 412),
        ('If-Match: W/"tag"', WEAK, 412),
        ('If-Match: "tag"', NONE, 412),
        ('If-None-Match: "tag"', OLD, 304),
        ('If-None-Match: "x","tag"', OLD, 304),
        ('If-None-Match: W/"tag"', OLD, 304),
        ('If-None-Match: "tag"', WEAK, 304),
        ('If-None-Match: "x"', OLD, 0),
        ("If-None-Match: *", NONE, 304),
        ('If-None-Match: "tag"', NONE, 0),
        ('If-None-Match: W/"tag"' + RANGE, OLD, 0),
        ('If-None-Match: "tag"' + RANGE, OLD, 304),
        ('If-None-Match: "tag"' + RANGE, WEAK, 0),
        ("If-Modified-Since: @0", OLD, 304),
        ("If-Modified-Since: @1", OLD, 304),
        ("If-Modified-Since: @-1", OLD, 0),
        ("If-Modified-Since: @5000", OLD, 0),
        ("If-Modified-Since: garbage", OLD, 0),
        ("If-Modified-Since: @0", Validators('"tag"', None), 0),
        ("If-Unmodified-Since: @0", OLD, 0),
        ("If-Unmodified-Since: @-1", OLD, 412),
        ("If-Unmodified-Since: garbage", OLD, 0),
        ('If-None-Match: "tag"\nIf-Modified-Since: @-1', OLD, 0),
        ('If-None-Match: "x"\nIf-Modified-Since: @0', OLD, 0),
        ('If-None-Match: "tag"\nIf-Modified-Since: @0', OLD, 304),
        ('If-None-Match: "tag"\nIf-Unmodified-Since: garbage', OLD, 0),
        ('If-None-Match: "tag"\nIf-Range: "x"', OLD, 304),
        ('If-None-Match: "tag"\nIf-Range: "tag"' + RANGE, OLD, 0),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_condition(method: str, text: str, validators: Validators, status: int) -> None:
    assert evaluate(method, fields(text), validators, NOW) == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('If-None-Match: "tag"', 412),
        ('If-None-Match: W/"tag"', 0),
        ("If-None-Match: *", 412),
        ("If-Modified-Since: @0", 0),
        ("If-Unmodified-Since: @-1", 412),
    ],
)
def test_a_method_that_writes(text: str, status: int) -> None:
    assert evaluate("POST", fields(text), OLD, NOW) == status


@pytest.mark.parametrize(
    ("condition", "age", "applies"),
    [
        ('"tag"', 1000, True),
        ('"x"', 1000, False),
        ('W/"tag"', 1000, False),
        ("@0", 1000, True),
        ("@0", 59, False),
        ("@0", 60, True),
        ("@1", 1000, False),
        ("garbage", 1000, False),
    ],
)
def test_if_range(condition: str, age: int, applies: bool) -> None:
    table = fields(f"If-Range: {condition}")
    assert range_applies(table, OLD, MODIFIED + age) is applies


def test_no_if_range() -> None:
    assert range_applies(Fields(), NONE, NOW)


def test_a_fresh_date_is_no_strong_validator() -> None:
    table = fields("If-Modified-Since: @0" + RANGE)
    assert evaluate("GET", table, OLD, MODIFIED + 59) == 0
    assert evaluate("GET", table, OLD, MODIFIED + 60) == 304
    assert evaluate("GET", fields("If-Modified-Since: @0"), OLD, MODIFIED + 59) == 304
