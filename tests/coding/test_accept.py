"""Accept-Encoding, by its weights."""

from __future__ import annotations

import pytest

from revproxy.coding.accept import accepts
from tests.exchanges import fields


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gzip", True),
        ("x-gzip", True),
        ("br, GZip;q=0.5", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip; Q=0.000", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity;q=0, gzip;q=0.1", True),
        ("deflate, br", False),
        ("gzip;q=nonsense", True),
        ("", False),
        (",,;", False),
    ],
)
def test_gzip_is_accepted(value: str, expected: bool) -> None:
    assert accepts(fields(Accept_Encoding=value), "gzip") is expected


def test_without_the_field_nothing_is_accepted() -> None:
    assert not accepts(fields(), "gzip")
