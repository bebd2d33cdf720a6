"""Logical lines and the way back to their places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.config.lines import BLANKS, Line, Source, logical_lines
from revproxy.errors import Location


def lines(text: str) -> list[Line]:
    return list(logical_lines(Source("f", text)))


def texts(text: str) -> list[str]:
    return [line.text for line in lines(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("\n \n# c\n", []),
        ("a", ["a"]),
        (" a b \r\nc", ["a b", "c"]),
        ("a \\\n b", ["a  b"]),
        ("a\\\r\nb\\\nc", ["abc"]),
        ("a\\", ["a\\"]),
        ("a\\\n", ["a"]),
        ("a\\ \nb", ["a\\", "b"]),
        ("# c \\\nd\ne", ["e"]),
        ("\\\n\\\n#\\\na", []),
        ("a # b", ["a # b"]),
        ("a\rb", ["a\rb"]),
        ("a\x85b\x1c", ["a\x85b\x1c"]),
    ],
)
def test_logical_lines(text: str, wanted: list[str]) -> None:
    assert texts(text) == wanted


def test_a_word_knows_its_place_behind_a_continuation() -> None:
    (line,) = lines("x\n".replace("x", "ab \\\n  cd"))
    start = line.text.index("cd")
    assert line.locate(start, start + 2) == Location("f", 2, 3, 5, "  cd")


def test_a_word_over_two_lines_ends_with_the_first() -> None:
    (line,) = lines("one tw\\\no")
    assert line.locate(4, 7) == Location("f", 1, 5, 7, "one tw\\")


def test_what_is_put_in_stands_at_what_it_replaced() -> None:
    (line,) = lines("a ${X} b")
    new = line.substitute(re.compile(r"\$\{X\}"), lambda _: "long words")
    assert new.text == "a long words b"
    assert new.locate(7, 12).column == 3
    assert new.locate(7, 12).end_column == 7
    assert new.locate(13, 14).column == 8


def test_a_match_may_stay() -> None:
    (line,) = lines("a ${X} b")
    new = line.substitute(re.compile(r"\$\{X\}"), lambda match: match[0])
    assert new.text == line.text
    assert new.locate(7, 8) == line.locate(7, 8)


@given(st.text(st.sampled_from("ab# \\\n\r\t")))
def test_every_character_stands_where_it_says(text: str) -> None:
    for line in lines(text):
        assert line.text == line.text.strip(BLANKS)
        for offset, char in enumerate(line.text):
            place = line.locate(offset, offset + 1)
            assert text.split("\n")[place.line - 1][place.column - 1] == char


@given(
    st.lists(st.sampled_from(["a", "bb", "\\\n", " ", "@"]), min_size=1).map("".join),
    st.text("xyz", max_size=3),
)
def test_substitution_keeps_the_places_of_the_rest(text: str, value: str) -> None:
    for line in lines(f"Name {text}"):
        new = line.substitute(re.compile("@"), lambda _: value)
        assert new.text == line.text.replace("@", value)
        kept = [index for index, char in enumerate(line.text) if char != "@"]
        found = [index for index, char in enumerate(new.text) if char not in "xyz@"]
        assert [line.locate(index, index + 1) for index in kept] == [
            new.locate(index, index + 1) for index in found
        ]
