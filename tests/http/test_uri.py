"""Paths and URLs, as Apache normalises them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import HTTPError
from revproxy.http.uri import escape_path, normalise_path, parse_url, split_host


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("//a///b//", "/a/b/"),
        ("/a/./b/.", "/a/b/"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/%61%7E", "/a~"),
        ("/a%20b%3Fc", "/a b?c"),
        ("/%2e%2e/a", 400),
        ("/..", 400),
        ("/a/../../b", 400),
        ("/a%2Fb", 404),
        ("/a%00b", 404),
        ("/a%zz", 400),
        ("/a%", 400),
        ("/.a/..b/c.", "/.a/..b/c."),
    ],
)
def test_normalise(path: str, expected: str | int) -> None:
    if isinstance(expected, int):
        with pytest.raises(HTTPError) as caught:
            normalise_path(path)
        assert caught.value.status == expected
    else:
        assert normalise_path(path) == expected


def test_encoded_slashes() -> None:
    assert normalise_path("/a%2Fb", encoded_slashes="NoDecode") == "/a%2Fb"
    assert normalise_path("/a%2F..%2fb", encoded_slashes="On") == "/b"
    assert normalise_path("/a//b", merge_slashes=False) == "/a//b"


@given(st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12))
def test_an_escaped_path_comes_back(text: str) -> None:
    path = "/" + text.replace("/", "").replace(".", "")
    assert normalise_path(escape_path(path)) == path


def test_urls() -> None:
    url = parse_url("HTTP://Back.example:8080/a/?q")
    assert (url.scheme, url.host, url.port, url.path) == ("http", "back.example", 8080, "/a/?q")
    assert url.authority == "back.example:8080"
    assert parse_url("http://[::1]/").host == "[::1]"
    for bad in ("/a", "http:/a", "http://a:b/", "http://a:99999/"):
        with pytest.raises(ValueError, match="."):
            parse_url(bad)


def test_hosts() -> None:
    assert split_host("WWW.Example.com.:8080") == ("www.example.com", 8080)
    assert split_host("[::1]:80") == ("[::1]", 80)
    assert split_host("a:") == ("a", None)
