"""Periods of mod_expires, and what is no period."""

from __future__ import annotations

import pytest

from revproxy.modules.mod_expires import Period, parse_period


@pytest.mark.parametrize(
    ("code", "period"),
    [
        ("A3600", Period(3600)),
        ("M10", Period(10, from_change=True)),
        ("A", Period(0)),
        ("A-5", Period(-5)),
        ("access", Period(0)),
        ("now plus 2 days", Period(2 * 86400)),
        ("a 1 y 1 mo 1 w 1 d 1 h 1 mi 1 s", Period(86400 * (365 + 30 + 7 + 1) + 3661)),
        ("modification plus 5 minutes", Period(300, from_change=True)),
    ],
)
def test_periods(code: str, period: Period) -> None:
    assert parse_period(code) == period


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "bad expires code, unrecognised <base> ''"),
        ("later", "bad expires code, unrecognised <base> 'later'"),
        ("access plus x days", "bad expires code, numeric value expected <num> 'x'"),
        ("access plus 5", "bad expires code, missing <type>"),
        ("access plus 5 m", "bad expires code, unrecognised <type>'m'"),
    ],
)
def test_what_is_no_period(code: str, message: str) -> None:
    with pytest.raises(ValueError, match="bad expires code") as caught:
        parse_period(code)
    assert str(caught.value) == message
