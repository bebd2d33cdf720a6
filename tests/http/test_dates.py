"""HTTP dates, written and read."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.dates import format_http_date, http_date_now, parse_http_date


@given(st.integers(0, 253402300799))
def test_what_is_written_can_be_read(seconds: int) -> None:
    text = format_http_date(seconds)
    assert text == formatdate(seconds, usegmt=True)
    assert parse_http_date(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Foo, 06 Nov 1994 08:49:37 XYZ",
    ],
)
def test_forms_of_one_date(text: str) -> None:
    assert parse_http_date(text) == 784111777


def test_two_digits_of_a_year() -> None:
    assert parse_http_date("Sunday, 06-Nov-69 08:49:37 GMT") == 3150953377


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "yesterday",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1995 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49",
    ],
)
def test_no_dates(text: str) -> None:
    assert parse_http_date(text) is None


@given(st.text(st.characters(max_codepoint=255)))
def test_any_text_is_a_date_or_none(text: str) -> None:
    result = parse_http_date(text)
    assert result is None or isinstance(result, int)


def test_now_changes_with_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [784111777.9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    first = http_date_now()
    assert first == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert http_date_now() is first
    now[0] += 0.2
    assert http_date_now() == b"Sun, 06 Nov 1994 08:49:38 GMT"
