"""How RewriteRule's arguments are split, and its flags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import DirectiveError
from revproxy.rewrite.arguments import parse_flags, split
from tests.exchanges import directive


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("a b", ["a", "b"]),
        ("  a\tb  [L] more", ["a", "b", "[L]"]),
        ('"a b" \'c "d\' [L]', ["a b", 'c "d', "[L]"]),
        (r"a\ b c", [r"a\ b", "c"]),
        (r'"a\"b c', ["a\\", "b", "c"]),
        ("a\\", ["a\\"]),
        ('a ""', ["a", ""]),
        ("", []),
    ],
)
def test_words(raw: str, words: list[str]) -> None:
    assert split(raw) == words


@given(st.text("ab \t\"'\\[]", max_size=20))
def test_at_most_three_words_of_the_line(raw: str) -> None:
    words = split(raw)
    assert len(words) <= 3
    assert all(word in raw for word in words)


def test_flags() -> None:
    flags = parse_flags(
        directive("RewriteRule a b"), "[nc, R=permanent,E=a:b,env=c,CO=x:y:z,S=2,N,B=?#,bctls]"
    )
    assert flags.no_case
    assert flags.redirect == 301
    assert flags.env == ("a:b", "c")
    assert flags.cookies == ("x:y:z",)
    assert flags.skip == 2
    assert flags.rounds == 32000
    assert flags.escape
    assert flags.escape_only == "?#"
    assert flags.escape_controls


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("L", "RewriteRule: bad flag delimiters"),
        ("[L", "RewriteRule: bad flag delimiters"),
        ("[", "RewriteRule: bad flag delimiters"),
        ("[XYZ]", "RewriteRule: unknown flag 'XYZ'"),
        ("[R=777]", "RewriteRule: invalid HTTP response code '777' for flag 'R'"),
        ("[R=x]", "RewriteRule: invalid HTTP response code 'x' for flag 'R'"),
        ("[S=x]", "the flag S takes a whole number"),
        ("[H=cgi-script]", "the handler 'cgi-script' is not implemented"),
    ],
)
def test_bad_flags(word: str, message: str) -> None:
    with pytest.raises(DirectiveError) as caught:
        parse_flags(directive("RewriteRule a b"), word)
    assert message in caught.value.message
    assert caught.value.argument == 2
