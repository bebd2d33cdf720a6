"""Redirect and Alias, by their hooks."""

from __future__ import annotations

import pytest

from revproxy.errors import HTTPError
from revproxy.plan.load import load_text
from tests.exchanges import make_exchange


def location(text: str, target: str) -> tuple[int, str | None]:
    """The status and Location that a server with these lines answers a request with."""
    plan = load_text(text, server_root="/nonexistent").plan().main.base
    exchange = make_exchange(f"GET {target} HTTP/1.1\r\nHost: a.test:8080\r\n\r\n")
    exchange.host, exchange.host_port = "a.test", 8080
    try:
        for hook in plan.translate:
            if hook(exchange):
                break
    except HTTPError as error:
        return error.status, exchange.out.get("Location")
    return 200, exchange.filename


@pytest.mark.parametrize(
    ("line", "target", "expected"),
    [
        ("Redirect /a http://b.test/c", "/a/x", (302, "http://b.test/c/x")),
        ("Redirect /a http://b.test/c", "/a?q=1", (302, "http://b.test/c?q=1")),
        ("Redirect /a http://b.test/?x=y", "/a?q=1", (302, "http://b.test/?x=y")),
        ("Redirect permanent /a /b", "/a", (301, "http://a.test:8080/b")),
        ("Redirect seeother /a /b\nRedirectRelative On", "/a", (303, "/b")),
        ("Redirect 307 /a http://b.test/", "/a", (307, "http://b.test/")),
        ("Redirect gone /a", "/a", (410, None)),
        ("Redirect 404 /a", "/a/b", (404, None)),
        ("RedirectPermanent /a http://b.test/", "/a", (301, "http://b.test/")),
        ("RedirectMatch ^/(\\w+)\\.old$ http://b.test/$1", "/x.old", (302, "http://b.test/x")),
        ("RedirectMatch 301 /z http://b.test/", "/a", (200, "/a")),
        ("Alias /img /srv/images", "/img/x.png", (200, "/srv/images/x.png")),
        ("AliasMatch ^/(.)/(.*) /srv/$2/$1", "/a/b", (200, "/srv/b/a")),
    ],
)
def test_where_it_leads(line: str, target: str, expected: tuple[int, str | None]) -> None:
    status, where = location(line, target)
    assert status == expected[0]
    if status != 200 or "Alias" in line:
        assert where == expected[1]


def redirected(target: str) -> tuple[int, str | None]:
    """What `Redirect 301 target` in a section answers to a request for /x?q."""
    host = load_text(f'<Location />\nRedirect 301 "{target}"\n</Location>').plan().main
    exchange = make_exchange("GET /x?q HTTP/1.1\r\nHost: a.test\r\n\r\n", server=host)
    (hook,) = host.full_plan(exchange).fixups
    with pytest.raises(HTTPError) as caught:
        hook(exchange)
    return caught.value.status, exchange.out.get("Location")


def test_a_target_in_a_section_is_an_expression() -> None:
    assert redirected("http://b.test%{REQUEST_URI}?r") == (301, "http://b.test/x?r")
    assert redirected("http://b.test/%{file:/nope}") == (500, None)
    assert redirected("http://b.test/y") == (301, "http://b.test/y?q")


@pytest.mark.parametrize(
    "line",
    [
        "Redirect /a",
        "Redirect gone /a http://b.test/",
        "Redirect a http://b.test/",
        "Redirect /a b.test",
        "RedirectMatch ( http://b.test/",
        "Alias /a",
        "<Location />\nRedirect /%{NOPE}\n</Location>",
    ],
)
def test_mistakes_are_told(line: str) -> None:
    assert load_text(line).has_errors
