"""The canned pages against those of Apache 2.4.71 (`pages.json`: what it sent, by status)."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.http.pages import error_page, escape_html, page_type, reason_phrase, server_product
from revproxy.module import Server
from tests.exchanges import make_exchange

PAGES = json.loads((Path(__file__).parent / "pages.json").read_text("ascii"))


def exchange_for(status: int, *, signature: str = "Off", head: str = "", **facts: Any) -> Exchange:
    facts = {"name": "ex.com", "admin": "[no address given]", "product": "Product", **facts}
    exchange = make_exchange(
        head or "GET / HTTP/1.1\r\nHost: ex.com\r\n\r\n",
        status=status,
        server=SimpleNamespace(server=Server(**facts)),
        plan=SimpleNamespace(signature=signature),
        host="ex.com",
    )
    if 300 <= status < 400:
        exchange.out.set("Location", "http://t.example/x?a=<b>&c")
    return exchange


@pytest.mark.parametrize("status", sorted(PAGES))
def test_a_page_is_apaches(status: str) -> None:
    page = error_page(exchange_for(int(status)), HTTPError(int(status), "not shown"))
    assert page.decode("latin-1") == PAGES[status]


def body(page: bytes) -> str:
    """The page from its heading on."""
    return page.decode("latin-1").partition("</h1>\n")[2].removesuffix("</body></html>\n")


def test_the_signature() -> None:
    exchange = exchange_for(404, signature="On")
    assert body(error_page(exchange, HTTPError(404))).endswith(
        "</p>\n<hr>\n<address>Product Server at ex.com Port 80</address>\n"
    )
    exchange = exchange_for(404, signature="EMail", admin="web@x.org")
    exchange.host, exchange.host_port = "foo.org", 99
    assert body(error_page(exchange, HTTPError(404))).endswith(
        '<address>Product Server at <a href="mailto:web@x.org">foo.org</a> Port 99</address>\n'
    )


def test_an_error_on_the_way_to_an_error_document() -> None:
    page = body(error_page(exchange_for(403), HTTPError(403), recursive=404))
    assert page.endswith(
        "<p>Additionally, a 404 Not Found\nerror was encountered while trying to use an "
        "ErrorDocument to handle the request.</p>\n"
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            502,
            "<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />\r\n"
            "The proxy server could not handle the request<p>Reason: <strong>a&lt;b</strong></p>"
            "</p>\n",
        ),
        (
            500,
            "The proxy server could not handle the request<p>Reason: <strong>a&lt;b</strong></p>"
            "<p />\n",
        ),
        (
            400,
            "<p>Your browser sent a request that this server could not understand.<br />\n"
            "The proxy server could not handle the request<p>Reason: <strong>a&lt;b</strong></p>"
            "</p>\n",
        ),
    ],
)
def test_a_proxy_error_tells_its_cause(status: int, expected: str) -> None:
    exchange = exchange_for(status)
    exchange.reason = "Proxy Error"
    page = error_page(exchange, HTTPError(status, "a<b", reason="Proxy Error"))
    assert f"<title>{status} Proxy Error</title>".encode() in page
    assert body(page) == expected


def test_a_head_over_a_limit_is_told() -> None:
    detail = "Size of a request header field exceeds server limit."
    page = body(error_page(exchange_for(400), HTTPError(400, detail)))
    assert page.endswith(f"<br />\n{detail}</p>\n")


def test_what_the_client_sent_is_escaped() -> None:
    exchange = exchange_for(417, head="GET / HTTP/1.1\r\nHost: h\r\nExpect: <foo\r\n\r\n")
    assert "The client sent<pre>\n    Expect: &lt;foo\n</pre>\n" in body(
        error_page(exchange, HTTPError(417))
    )


def test_a_status_apache_does_not_know() -> None:
    exchange = exchange_for(599)
    exchange.reason = "Odd"
    page = error_page(exchange, HTTPError(599))
    assert b"<title>599 Odd</title>" in page
    assert b"<h1>Odd</h1>\n<p>The server encountered an internal error" in page


def test_the_type() -> None:
    exchange = exchange_for(404)
    assert page_type(exchange) == "text/html; charset=iso-8859-1"
    exchange.env["suppress-error-charset"] = "1"
    assert page_type(exchange) == "text/html"


def test_phrases() -> None:
    assert reason_phrase(413) == "Request Entity Too Large"
    assert reason_phrase(599) == ""


@pytest.mark.parametrize(
    ("tokens", "pattern"),
    [("Prod", 0), ("ProductOnly", 0), ("Major", 1), ("Minor", 2), ("Min", 3), ("Minimal", 3)],
)
def test_tokens(tokens: str, pattern: int) -> None:
    name, _, version = server_product(tokens).partition("/")
    assert name == "revproxy"
    assert len(version.split(".") if version else []) == pattern


def test_full_tokens_name_the_system() -> None:
    assert server_product("Full") == server_product("OS")
    assert server_product("Full").endswith(" (Unix)")


def test_escaping() -> None:
    assert escape_html('<a href="x">&\'') == "&lt;a href=&quot;x&quot;&gt;&amp;'"
