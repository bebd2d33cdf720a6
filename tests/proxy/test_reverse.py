"""ProxyPassReverse and its cookie forms."""

from __future__ import annotations

import pytest

from revproxy.proxy.reverse import CookieRule, ReverseRule, reverse_cookie, reverse_location


def mapped(value: str, *rules: tuple[str, str]) -> str:
    return reverse_location(
        value,
        tuple(ReverseRule(public, origin) for public, origin in rules),
        lambda path: f"http://front{path}",
    )


@pytest.mark.parametrize(
    ("value", "rules", "expected"),
    [
        ("http://o/b/x", [("/a/", "http://o/b/")], "http://front/a/x"),
        ("HTTP://O/b/x", [("/a/", "http://o/b/")], "http://front/a/x"),
        ("http://o/b/x", [("/n", "http://n/"), ("/a/", "http://o/b/")], "http://front/a/x"),
        ("http://else/b/x", [("/a/", "http://o/b/")], "http://else/b/x"),
        ("http://any/be/x", [("/fe", "/be")], "http://front/fe/x"),
        ("/be/x", [("/fe", "/be")], "http://front/fe/x"),
        ("/other", [("/fe", "/be")], "/other"),
        ("http://o/x", [("https://pub/", "http://o/")], "https://pub/x"),
        ("http://o", [("/a/", "http://o/")], "http://o"),
    ],
)
def test_locations(value: str, rules: list[tuple[str, str]], expected: str) -> None:
    assert mapped(value, *rules) == expected


def test_cookies_have_path_and_domain_replaced_whole() -> None:
    paths = (CookieRule("/inner", "/"),)
    domains = (CookieRule("o.internal", "pub.test"),)
    cookie = "a=b; Path=/inner/deep; domain=O.internal; HttpOnly"
    assert reverse_cookie(cookie, paths, domains) == "a=b; Path=/; domain=pub.test; HttpOnly"
    other = "a=b; Path=/else; Domain=other"
    assert reverse_cookie(other, paths, domains) == other
