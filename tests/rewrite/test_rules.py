"""Rules by what becomes of a request, and what is refused at load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import ConfigError, HTTPError
from revproxy.http.message import Exchange
from revproxy.http.uri import normalise_path
from revproxy.plan.load import load_text
from tests.exchanges import make_exchange


def run(text: str, target: str, head: str = "") -> tuple[int, Exchange]:
    """The status that the rules give a request (200 where they let it go on), and the request."""
    host = load_text(f"RewriteEngine On\n{text}", server_root="/nonexistent").plan().main
    exchange = make_exchange(f"GET {target} HTTP/1.1\r\nHost: a.test\r\n{head}\r\n")
    exchange.host, exchange.server = "a.test", host
    exchange.path = normalise_path(exchange.raw_path)
    try:
        for hook in host.base.translate:
            if hook(exchange):
                break
    except HTTPError as error:
        return error.status, exchange
    return 200, exchange


def location(text: str, target: str, head: str = "") -> tuple[int, str | None]:
    """Status and Location of the answer."""
    status, exchange = run(text, target, head)
    return status, exchange.out.get("Location")


@pytest.mark.parametrize(
    ("rules", "target", "expected"),
    [
        ("RewriteRule ^/a/(.*) http://b.test/$1 [R=301]", "/a/x?q", (301, "http://b.test/x?q")),
        ("RewriteRule ^/a /b [R]", "/a", (302, "http://a.test/b")),
        ("RewriteRule ^/a - [F]", "/a", (403, None)),
        ("RewriteRule ^/a - [G]\n", "/b", (200, None)),
        ("RewriteRule !^/b - [G]\n", "/a", (410, None)),
        ("RewriteRule ^/a$ http://b.test/?x [QSA]", "/a?y", (302, "http://b.test/?x&y")),
        ("RewriteRule ^/a$ http://b.test/? [R]", "/a?y", (302, "http://b.test/")),
        (
            "RewriteCond %{QUERY_STRING} (.+)\nRewriteRule ^/a http://b.test/%1? [R]",
            "/a?y",
            (302, "http://b.test/y"),
        ),
        ("RewriteRule ^/(.)a(.*) /$1b$2 [N]\nRewriteRule (.*) http://b.test$1", "/xaa", None),
        ("RewriteRule ^/a(.*)$ /a$1x [N=4]", "/a", (500, None)),
        ("RewriteRule ^/a(.*)$ /a$1$1xxxx [N]", "/a", (500, None)),
    ],
)
def test_answers(rules: str, target: str, expected: tuple[int, str | None] | None) -> None:
    assert location(rules, target) == (expected or (302, "http://b.test/xba"))


def test_no_rules_no_hook() -> None:
    off = "RewriteRule ^/a /b"
    assert len(load_text(off).plan().main.base.translate) == 1
    assert len(load_text(f"RewriteEngine On\n{off}").plan().main.base.translate) == 2


def test_without_rules_the_variables_are_set_all_the_same() -> None:
    host = load_text("ServerName a.test\nRewriteEngine On").plan().main
    exchange = make_exchange("GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n", server=host)
    assert host.base.translate[0](exchange) is None
    assert exchange.env == {"SCRIPT_URL": "/x", "SCRIPT_URI": "http://a.test/x"}


def test_an_origin() -> None:
    status, exchange = run("RewriteRule ^/a/(.*) http://127.0.0.1:81/$1 [P]", "/a/b%20c?q")
    assert status == 200
    assert exchange.handler == "proxy-server"
    assert exchange.proxy.request_url == "http://127.0.0.1:81/b%20c?q"
    assert exchange.proxy.worker not in exchange.server.server.shared["mod_proxy"].all()


def test_an_origin_with_a_worker() -> None:
    _, exchange = run(
        "RewriteRule ^/a/(.*) http://127.0.0.1:81/b/$1 [P]\nProxyPass /z http://127.0.0.1:81/b",
        "/a/x",
    )
    assert exchange.proxy.worker in exchange.server.server.shared["mod_proxy"].all()


def test_variables_and_cookies() -> None:
    status, exchange = run(
        "RewriteRule ^/(.*) - [E=A:$1,E=B,CO=n:$1:a.test]\nRewriteRule ^ - [E=!B]", "/x"
    )
    assert status == 200
    assert exchange.env["A"] == "x"
    assert "B" not in exchange.env
    assert exchange.err.get_all("Set-Cookie") == ["n=x; path=/; domain=a.test"]


@pytest.mark.parametrize(
    ("minutes", "year"),
    [("10", "20"), ("-99999999", "18"), ("9" * 40, "9999"), ("-" + "9" * 40, "0001")],
)
def test_a_cookie_ends_in_a_year_of_four_digits(minutes: str, year: str) -> None:
    _, exchange = run("RewriteRule ^/(.*) - [CO=n:v:a.test:$1]", f"/{minutes}")
    (cookie,) = exchange.err.get_all("Set-Cookie")
    found = re.search(r"expires=\w{3}, \d\d-\w{3}-(\d{4}) \d\d:\d\d:\d\d GMT$", cookie)
    assert found is not None
    assert found[1].startswith(year)


def test_decisions_are_told() -> None:
    told: list[tuple[str, bool]] = []
    lines = (
        "RewriteEngine On",
        "RewriteCond %{QUERY_STRING} ^x=(.*) [OR]",
        "RewriteCond %{QUERY_STRING} ^y=(.*)",
        "RewriteRule ^/(a) /b",
        "RewriteCond %{HTTPS} =on",
        "RewriteRule ^ /c",
        "RewriteRule ^/a /c",
    )
    host = load_text("\n".join(lines)).plan().main
    exchange = make_exchange("GET /a?y=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    exchange.query = "y=1"
    exchange.server = host
    exchange.trace = lambda _module, text, location, acted=True: told.append((text, acted))
    host.base.translate[0](exchange)
    assert told == [
        ("RewriteCond %{QUERY_STRING} ^x=(.*) [OR]: does not hold 'y=1'", False),
        ("RewriteCond %{QUERY_STRING} ^y=(.*): holds 'y=1' with %1='1'", True),
        ("rewrite -> '/b'", True),
        ("RewriteRule ^/(a) /b: matched '/a' with $1='a'", True),
        ("RewriteCond %{HTTPS} =on: does not hold 'off'", False),
        ("RewriteRule ^ /c: matched '/b', but its conditions do not hold", False),
        ("RewriteRule ^/a /c: did not match '/b'", False),
    ]


def test_text_maps(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text("# a comment\nkey one\nkey two\n")
    rules = f"RewriteMap m txt:{table}\nRewriteRule ^/(.*) http://b.test/${{m:$1|none}}"
    assert location(rules, "/key") == (302, "http://b.test/one")
    assert location(rules, "/other") == (302, "http://b.test/none")


def test_a_map_is_read_again(tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text("key one\n")
    text = f"RewriteMap m txt:{table}\nRewriteRule ^/(.*) - [E=V:${{m:$1}}]"
    host = load_text(f"RewriteEngine On\n{text}").plan().main
    for content, value in (("key one\n", "one"), ("key another\n", "another")):
        table.write_text(content)
        exchange = make_exchange("GET /key HTTP/1.1\r\nHost: a\r\n\r\n")
        exchange.server = host
        host.base.translate[0](exchange)
        assert exchange.env["V"] == value


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("RewriteRule ^(", "RewriteRule: bad argument line", 1),
        ("RewriteRule ( /b", "RewriteRule: cannot compile regular expression '('", 13),
        ("RewriteRule a b [X]", "RewriteRule: unknown flag 'X'", 17),
        ("RewriteRule a fcgi://b/ [P]", "the scheme fcgi: of an origin is not implemented", 15),
        ("RewriteCond a", "RewriteCond: bad argument line", 1),
        ("RewriteCond a [", "RewriteCond: cannot compile regular expression '['", 15),
        ("RewriteCond a b [X]", "RewriteCond: unknown flag 'X'", 17),
        ("RewriteCond expr (", 'RewriteCond: cannot compile expression "("', 18),
        ("RewriteMap m int:rot13", "RewriteMap: internal map not found:rot13", 14),
        ("RewriteMap m txt:/none/such", "RewriteMap: file for map not found:/none/such", 14),
        ("RewriteMap m prg:/none/such", "RewriteMap: file for map not found:/none/such", 14),
        ("RewriteMap m prg:/bin/cat a:b", "RewriteMap: a user of its own for a program", 27),
        ("RewriteMap m dbm=ndbm:/x", "RewriteMap: dbm type ndbm is invalid", 14),
        ("RewriteMap m dbm:/none/such", "RewriteMap: file for map not found:/none/such", 14),
        ("RewriteOptions Frob", "RewriteOptions: unknown option 'Frob'", 16),
    ],
)
def test_mistakes(text: str, message: str, column: int) -> None:
    [finding] = load_text(text).diagnostics
    assert finding.message.startswith(message)
    assert finding.location is not None
    assert finding.location.column == column


def test_a_map_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="there is no RewriteMap 'm' here"):
        load_text("RewriteEngine On\nRewriteRule a ${m:x}").plan()


CHARS = "ab/$%{}:|\\?&1 "


@given(st.text(CHARS, max_size=12), st.text("ab/%?&.", max_size=8))
def test_no_template_breaks(template: str, path: str) -> None:
    text = template.replace('"', "")
    load = load_text(f'RewriteEngine On\nRewriteRule ^/(.*) "{text}x"')
    if load.diagnostics:
        return
    try:
        host = load.plan().main
    except ConfigError as error:
        assert "there is no RewriteMap" in str(error)  # noqa: PT017 - the only reason there is
        return
    exchange = make_exchange("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    exchange.path, exchange.server = f"/{path}", host
    try:
        host.base.translate[0](exchange)
    except HTTPError as error:
        assert error.status in (302, 400, 403)  # noqa: PT017 - it need not be raised
