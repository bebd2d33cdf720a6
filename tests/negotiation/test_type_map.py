"""Type maps: any text can be read, and a map says what was written."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.negotiation.type_map import TypeMapError, parse_type_map

LINES = st.lists(
    st.sampled_from(
        (
            "URI: a.html",
            "uri: b.html;x",
            "Content-Type: text/html; qs=0.5",
            "Content-Language: en, de",
            "Content-Length: 12",
            "Content-Length: -1",
            "Content-Encoding: (none) x-gzip",
            "Description: d",
            "Body:E",
            "E",
            "# comment",
            "  more",
            "",
            " ",
            "no colon",
            "empty:",
        )
    ),
    max_size=12,
)


@given(LINES.map("\n".join) | st.text(st.characters(max_codepoint=255), max_size=80))
def test_any_map_can_be_read(text: str) -> None:
    with contextlib.suppress(TypeMapError):
        for variant in parse_type_map(text, "map.var"):
            assert variant.name
            assert variant.length is None or variant.length >= 0


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z./]{1,12}", fullmatch=True),
            st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}", fullmatch=True),
            st.lists(st.from_regex(r"[a-z]{2}(-[a-z]{2})?", fullmatch=True), max_size=3),
        )
    )
)
def test_a_map_says_what_was_written(made: list[tuple[str, str, list[str]]]) -> None:
    blocks = [
        f"URI: {name}\nContent-Type:\n  {kind}\n".replace(":\n", ": ")
        + (f"Content-Language: {', '.join(languages)}\n" if languages else "")
        for name, kind, languages in made
    ]
    found = parse_type_map("\n".join(blocks), "map.var")
    assert [(it.name, it.type, list(it.languages)) for it in found] == made


def test_a_body_ends_with_its_tag() -> None:
    text = "Content-Type: text/html\nBody:--E--  \none\n# two\n--E-- rest\nContent-Language: en\n"
    (variant,) = parse_type_map(text, "map.var")
    assert variant.body == b"one\n# two\n"
    assert (variant.name, variant.length, variant.languages) == ("map.var", 10, ("en",))


def test_a_body_is_looked_for_in_eight_kilobytes() -> None:
    head = "Content-Type: text/html\nBody:END\n"
    (variant,) = parse_type_map(f"{head}{'x' * 8188}END\n", "map.var")
    assert variant.length == 8188
    assert parse_type_map(f"{head}{'x' * 8189}END\n", "map.var") == []


def test_lines_that_go_on() -> None:
    text = (
        "URI: a\nContent-Type: text/html;\n# in between\n\tlevel=3;\n qs=0.5\nDescription: a\n b\n"
    )
    (variant,) = parse_type_map(text, "map.var")
    assert (variant.level, variant.source_quality, variant.description) == (3, 0.5, "a b")


@pytest.mark.parametrize("line", ["no colon", "URI:", "URI:  ", ":"])
def test_a_line_that_is_no_field(line: str) -> None:
    with pytest.raises(TypeMapError):
        parse_type_map(f"URI: a\nContent-Type: a/b\n\n{line}\n", "map.var")


@pytest.mark.parametrize("line", ["Content-Length: x", "Content-Length: +1", "Body:E\nno end"])
def test_what_ends_a_map(line: str) -> None:
    text = f"URI: a\nContent-Type: a/b\n\nURI: b\nContent-Type: a/b\n{line}\n\nURI: c\n"
    assert [it.name for it in parse_type_map(text, "map.var")] == ["a"]
