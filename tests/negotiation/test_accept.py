"""What clients say: any text can be read, and it means what Apache reads in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.negotiation.accept import (
    Range,
    parse_languages,
    parse_ranges,
    quality,
    read_wishes,
    single,
)
from tests.exchanges import fields

ANY = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40)
LISTS = st.text('a*/;,=q. "19lev\t', max_size=40)


@given(ANY | LISTS)
def test_any_list_can_be_read(text: str) -> None:
    for item in parse_ranges(text) or ():
        assert 0 <= item.quality <= 1
        assert item.name == item.name.lower()
        assert "," not in item.name.partition('"')[0]


@given(st.lists(st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}", fullmatch=True)), st.integers(0, 1000))
def test_a_list_comes_back_as_it_was_written(names: list[str], thousandths: int) -> None:
    text = " ,\t".join(f"{name} ; q = {thousandths / 1000:.3f}" for name in names)
    found = parse_ranges(text) or ()
    assert [item.name for item in found] == names
    assert all(item.quality == single(thousandths / 1000) for item in found)


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("", 1),
        ("1", 1),
        ("1.5", 1),
        ("0", 0),
        ("0.", 0),
        (".5", 0.5),
        (" 0.25", 0.25),
        ("0.1259", 0.125),
        ("0.5x", 0.5),
        ("00.5", 0),
        ("-0.5", 1),
        ("x", 1),
    ],
)
def test_qualities(text: str, worth: float) -> None:
    assert quality(text) == single(worth)


def test_parameters() -> None:
    assert parse_ranges('Text/HTML;level=3;q="0.5";CHARSET=Utf-8;x') == (
        Range("text/html", 0.5, 3, "utf-8"),
    )
    assert parse_ranges("text/html, text/plain") == (
        Range("text/html", level=2),
        Range("text/plain"),
    )
    assert parse_ranges('a;x="1,2";q=0.5,b') == (Range("a", 0.5), Range("b"))
    assert parse_ranges("") == ()
    assert parse_ranges(None) is None


def test_languages() -> None:
    assert parse_languages("en, DE;fr\n") == ("en", "de", "fr")
    assert parse_languages("") == ()


@given(ANY | LISTS)
def test_any_negotiate_can_be_read(text: str) -> None:
    wishes = read_wishes(fields(Negotiate=text), transparent=True)
    # Who may choose does so because the client knows of it.
    assert wishes.supports_transparent or not wishes.may_choose
    assert wishes.may_choose or not wishes.strict


def test_negotiate_counts_where_it_is_transparent() -> None:
    assert read_wishes(fields(Negotiate="trans"), transparent=False).may_choose
    assert not read_wishes(fields(Negotiate="trans"), transparent=True).may_choose
    assert read_wishes(fields(Negotiate='"a,1.0"'), transparent=True).by_rvsa is False
    lynx = fields(Negotiate="trans", User_Agent="Lynx/2.8")
    assert read_wishes(lynx, transparent=True).may_choose


def test_fields_of_one_name_are_one_list() -> None:
    table = fields(Accept="text/html;q=0.5")
    table.add("Accept", "text/plain")
    wishes = read_wishes(table, transparent=False)
    assert wishes.ranks_types
    assert [item.name for item in wishes.types or ()] == ["text/html", "text/plain"]
