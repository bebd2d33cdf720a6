"""Listings: sizes, the order of names, and that nothing of a name is markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.autoindex.listing import Entry, Look, Order, body, compare_versions, format_size
from revproxy.autoindex.query import name_pattern, read_query

FORMS = (frozenset[str](), frozenset(("fancyindexing",)), frozenset(("fancyindexing", "htmltable")))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (-1, "  - "),
        (0, "  0 "),
        (972, "972 "),
        (973, "1.0K"),
        (1536, "1.5K"),
        (10239, " 10K"),
        (996351, "973K"),
        (1 << 20, "1.0M"),
        (5 << 40, "5.0T"),
    ],
)
def test_sizes_take_four_columns(size: int, shown: str) -> None:
    assert format_size(size) == shown


@given(st.integers(0, 1 << 62))
def test_any_size_takes_four_columns(size: int) -> None:
    assert len(format_size(size)) == 4


names = st.text(
    st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="/"), min_size=1
)


@given(st.lists(names, unique=True, max_size=6), st.sampled_from(FORMS))
def test_a_name_is_never_markup(found: list[str], form: frozenset[str]) -> None:
    page = body(Look(form, name_width=None), [Entry(name) for name in found], Order())
    assert page.count("<a href=") == len(found) + (4 if form else 0)
    assert page.count("<") == page.count(">")


@given(st.lists(st.text("a123. ", min_size=1, max_size=5), min_size=3, max_size=3))
def test_versions_are_in_an_order(texts: list[str]) -> None:
    one, two, three = texts
    assert compare_versions(one, two) == -compare_versions(two, one)
    if compare_versions(one, two) <= 0 and compare_versions(two, three) <= 0:
        assert compare_versions(one, three) <= 0


def test_leading_zeros_are_fractions() -> None:
    assert compare_versions("v9", "v10") < 0
    assert compare_versions("v09", "v1") < 0


def test_the_query_is_read_to_its_first_error() -> None:
    look, order, pattern = read_query("C=S;O=D&F=0;P=*.t%78t;X=1;C=N", Look(FORMS[2]), Order())
    assert (order.column, order.descending, order.kept) == ("S", True, ";F=0;P=*.txt")
    assert (look.options, pattern) == (frozenset(), "*.txt")


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", ".hidden", False),
        (".*", ".hidden", True),
        ("[a-c]?", "bx", True),
        ("[!a-c]?", "bx", False),
        ("[", "[", True),
        ("[z-a]", "b", False),
    ],
)
def test_patterns_of_names(pattern: str, name: str, matches: bool) -> None:
    assert bool(name_pattern(pattern)(name)) is matches
