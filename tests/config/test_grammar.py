"""Lines to words, as `ap_getword_conf` splits them."""

from __future__ import annotations

import pytest

from revproxy.config.grammar import Parsed, parse_line
from revproxy.config.lines import Source, logical_lines


def parsed(text: str) -> Parsed:
    (line,) = logical_lines(Source("f", text))
    return parse_line(line)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("N", []),
        ("N a  b\tc", ["a", "b", "c"]),
        ('N "a b" c', ["a b", "c"]),
        ("N 'a \"b' c", ['a "b', "c"]),
        (r'N "a \" b"', ['a " b']),
        (r'N "a \\ \n \' b"', [r"a \ \n \' b"]),
        (r"N 'it\'s'", ["it's"]),
        (r"N a\\b a\b a\"b", [r"a\b", r"a\b", r"a\"b"]),
        ('N "a"b', ["a", "b"]),
        ('N a"b c"', ['a"b', 'c"']),
        ('N "open to the end', ["open to the end"]),
        (r'N "open \"', ['open "']),
        ('N ""', [""]),
        ('N "', [""]),
        ("N <a> > b", ["<a>", ">", "b"]),
        ("N a\xa0b\x85c", ["a\xa0b\x85c"]),
        ("N a\x0bb\x0cc", ["a", "b", "c"]),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    line = parsed(text)
    assert (line.kind, line.name) == ("directive", "N")
    assert [word.text for word in line.args] == wanted


@pytest.mark.parametrize(
    ("text", "name", "words", "raw", "end"),
    [
        ("<Location /a>", "Location", ["/a"], "/a", ">"),
        ("<Location /a >", "Location", ["/a"], "/a", ">"),
        ('<Location "/a b" > x', "Location", ["/a b"], '"/a b"', "> x"),
        ("<LocationMatch ^/a>b$>", "LocationMatch", ["^/a>b$"], "^/a>b$", ">"),
        ('<If "a > b">', "If", ["a > b"], '"a > b"', ">"),
        ('<If "a">b">', "If", ["a", '>b"'], '"a">b"', ">"),
        ("<Else>", "Else", [], "", ">"),
        ("<Location /a", "Location", ["/a"], "/a", None),
        ("<IfVersion >= 2.4>", "IfVersion", [">=", "2.4"], ">= 2.4", ">"),
        ("<>", "", [], "", ">"),
        ("<", "", [], "", None),
    ],
)
def test_sections(text: str, name: str, words: list[str], raw: str, end: str | None) -> None:
    line = parsed(text)
    assert (line.kind, line.name, line.raw, line.end) == ("open", name, raw, end)
    assert [word.text for word in line.args] == words


@pytest.mark.parametrize(
    ("text", "name", "end"),
    [
        ("</Location>", "Location", ">"),
        ("</Location >", "Location", None),
        ("</Location", "Location", None),
        ("</>", "", ">"),
    ],
)
def test_closing_tags(text: str, name: str, end: str | None) -> None:
    line = parsed(text)
    assert (line.kind, line.name, line.end) == ("close", name, end)


def test_raw_is_the_rest_of_the_line() -> None:
    assert parsed('  Header  set X "a  b" \\c ').raw == 'set X "a  b" \\c'


def test_open_quotes_are_told() -> None:
    assert [word.text for word in parsed('N "a" "b').unclosed] == ["b"]
    assert parsed(r'N "a\\" b').unclosed == ()
