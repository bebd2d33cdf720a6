"""Values of attributes: decoded, mapped by their form, coded."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.html.links import Form
from revproxy.html.rules import make_rule, map_event, map_link, map_script
from revproxy.html.text import map_json
from revproxy.html.values import Rewriter, decode, encode, map_css, map_refresh, map_srcset

RULES = (make_rule("http://o/", "/", "", None),)


def link(text: str) -> str:
    return map_link(RULES, text)


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\0\r")))
def test_what_was_coded_is_decoded(text: str) -> None:
    coded = encode(text)
    assert decode(coded) == text
    assert not set(coded) & set(b"\"'<>")
    assert html.unescape(coded.decode("latin-1")) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a&amp;b", "a&b"),
        (b"a&ampb", "a&ampb"),
        (b"a&copy=b", "a&copy=b"),
        (b"a&lt", "a<"),
        (b"&#x2f;&#47&#0;", "//\xef\xbf\xbd"),
        (b"&#128;", "\xe2\x82\xac"),
        (b"&nothing;&", "&nothing;&"),
        (b"\xff&amp;", "\xff&"),
    ],
)
def test_references(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://o/a", "/a"),
        ("http://o/a 1x, http://o/b 2x", "/a 1x, /b 2x"),
        (" http://o/a,b 1x,http://p/ 2x,", " /a,b 1x,http://p/ 2x,"),
        ("http://o/a, http://o/b", "/a, /b"),
        ("", ""),
    ],
)
def test_srcset(text: str, expected: str) -> None:
    assert map_srcset(text, link) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a { b: url(http://o/x) }", "a { b: url(/x) }"),
        ("url( 'http://o/x' )url(\"http://o/y\")", "url( '/x' )url(\"/y\")"),
        ("@import 'http://o/x'; @IMPORT url(http://o/y)", "@import '/x'; @IMPORT url(/y)"),
        ("/* url(http://o/x) */ content: 'url(http://o/x)'", None),
        ("/* url(http://o/x)", None),
        ("url(", None),
    ],
)
def test_css(text: str, expected: str | None) -> None:
    assert map_css(text, link) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5; url=http://o/x", "5; url=/x"),
        ("0;URL='http://o/x'", "0;URL='/x'"),
        ("5", "5"),
        ("", ""),
    ],
)
def test_refresh(text: str, expected: str) -> None:
    assert map_refresh(text, link) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "http://o/x", "b": 1}', '{"a": "/x", "b": 1}'),
        (r'["http:\/\/o\/x\u00e9"]', '["\\/x\xc3\xa9"]'),
        (r'["say \"http://o/\""]', None),
        ('["http://o', None),
    ],
)
def test_json(text: str, expected: str | None) -> None:
    assert map_json(text, link) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("raw", "form", "expected"),
    [
        (b"HTTP://O/a&amp;b", Form.URL, b"/a&amp;b"),
        (b"http&#58;//o/a&amp;b", Form.URL, b"/a&amp;b"),
        (b"http://p/", Form.URL, None),
        (b"background:url(&quot;http://o/x&quot;)", Form.STYLE, b"background:url(&quot;/x&quot;)"),
        (b"f('http://o/')", Form.EVENT, b"f(&#39;/&#39;)"),
    ],
)
def test_values(raw: bytes, form: Form, expected: bytes | None) -> None:
    assert Rewriter(RULES).value(raw, form) == expected


def test_rules_for_scripts_replace_all() -> None:
    rules = (make_rule("a", "b", "", None), make_rule("b+", "<$0>", "RL", None))
    assert map_script(rules, "aba") == "<bbb>"
    assert map_event((make_rule("a", "b", "^", None),), "aa") == "ba"
    assert map_event((make_rule("a", "b", "$", None),), "aa") == "ab"
    assert map_event((make_rule("a", "b", "L", None), make_rule("b", "c", "", None)), "a") == "b"
