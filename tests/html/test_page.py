"""Whole pages through `proxy-html`: charsets, compression, and what a configuration asks for."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import trio
import zstandard

from tests.serving import Client, origin, read_head, served

BASE = "ProxyPass / http://127.0.0.1:{port}/\nProxyHTMLEnable On\nProxyHTMLURLMap http://o/ /\n"
PAGE = '<!DocType html><p><a href="http://o/x">caf\xe9</a>'


def answer(body: bytes, *, fields: str = "", config: str = "", kind: str = "text/html") -> bytes:
    """The response to a page: head and body, the latter without its framing."""

    async def run() -> bytes:
        async def once(stream: Client) -> None:
            await read_head(stream)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{fields}"
            head += f"Content-Length: {len(body)}\r\n\r\n"
            await stream.send_all(head.encode() + body)

        async with origin(once) as port, served(BASE.format(port=port) + config) as server:
            return await server.ask(b"GET / HTTP/1.0\r\n\r\n")

    return trio.run(run)


def body(said: bytes) -> bytes:
    return said.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("text/html; charset=iso-8859-1", PAGE.encode("latin-1")),
        ("text/html;charset=UTF-8", PAGE.encode()),
        ("text/html", PAGE.encode()),
        ("text/html", PAGE.encode("latin-1")),
        ("text/html", PAGE.encode("utf-16")),
        ("text/html; charset=utf-16-le", PAGE.encode("utf-16-le")),
        ("text/html; charset=no-such", PAGE.encode()),
    ],
)
def test_a_page_of_any_charset_goes_out_in_utf_8(kind: str, page: bytes) -> None:
    said = answer(page, kind=kind)
    assert b"Content-Type: text/html;charset=utf-8\r\n" in said
    assert body(said).removeprefix(b"\xef\xbb\xbf").decode() == PAGE.replace("http://o/", "/")


def test_a_meta_element_names_the_new_charset() -> None:
    page = '<meta charset="koi8-r"><p>\u0416</p>'
    said = answer(page.encode("koi8-r"))
    assert body(said).decode() == '<meta charset="utf-8"><p>\u0416</p>'
    said = answer(page.encode("koi8-r"), config="ProxyHTMLCharsetOut koi8-r\n")
    assert b"charset=koi8-r" in said
    assert body(said).decode("koi8-r") == page


@pytest.mark.parametrize(
    ("coding", "pack", "unpack"),
    [
        ("gzip", gzip.compress, gzip.decompress),
        ("x-gzip", gzip.compress, gzip.decompress),
        ("deflate", zlib.compress, zlib.decompress),
        ("br", brotli.compress, brotli.decompress),
        (
            "zstd",
            zstandard.compress,
            lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        ),
    ],
)
def test_a_compressed_page_is_rewritten_and_compressed(coding, pack, unpack) -> None:
    page = ("<p>" * 40_000 + PAGE).encode()
    said = answer(pack(page), fields=f"Content-Encoding: {coding}\r\n")
    assert f"Content-Encoding: {coding}\r\n".encode() in said
    assert unpack(body(said)) == page.replace(b"http://o/", b"/")


def test_a_page_in_an_unknown_coding_passes() -> None:
    said = answer(b"http://o/", fields="Content-Encoding: other\r\n")
    assert body(said) == b"http://o/"


def test_meta_sets_fields_but_none_of_the_message() -> None:
    page = (
        b'<meta http-equiv=X-A content="b c"><meta http-equiv="Content-Length" content="1">'
        b'<meta http-equiv="Content-Type" content="text/html;charset=x"><p>y</p>'
    )
    said = answer(page, config="ProxyHTMLMeta On\n")
    assert b"X-A: b c\r\n" in said
    assert body(said) == page.replace(
        b'<meta http-equiv="Content-Type" content="text/html;charset=x">', b""
    )


def test_extended_rewrites_scripts_styles_events_and_comments() -> None:
    page = (
        b"<script>x='http://o/a'</script><style>@import 'http://o/b'</style>"
        b"<p onclick=\"f('http://o/c')\"><!-- http://o/d --></p><p title='http://o/e'>"
    )
    config = "ProxyHTMLExtended On\nProxyHTMLEvents onclick\n"
    assert body(answer(page, config=config)) == (
        b"<script>x='/a'</script><style>@import '/b'</style>"
        b"<p onclick=\"f(&#39;/c&#39;)\"><!-- /d --></p><p title='http://o/e'>"
    )


def test_what_else_a_configuration_may_ask_for() -> None:
    page = b"<!DOCTYPE html SYSTEM 'x'>\n<!-- c --><a href='http://o/A\\b'>"
    assert body(answer(page, config="ProxyHTMLDocType HTML5\n")) == (
        b"<!DOCTYPE html>\n<!-- c --><a href='/A\\b'>"
    )
    assert b"<!-- c -->" not in body(answer(page, config="ProxyHTMLStripComments On\n"))
    assert b"href='/a/b'" in body(answer(page, config="ProxyHTMLFixups lowercase dospath\n"))
    modern = b'<img srcset="http://o/a 2x"><p style="b: url(http://o/c)">'
    off = "<IfModule mpm_trio_module>\nProxyHTMLModern Off\n</IfModule>\nProxyHTMLLinks a href\n"
    assert body(answer(modern)) == b'<img srcset="/a 2x"><p style="b: url(/c)">'
    assert body(answer(modern, config=off)) == modern


def test_style_sheets_and_json_by_directive() -> None:
    css, data = b"p { b: url(http://o/x) }", b'{"a": "http://o/x"}'
    types = "ProxyHTMLTypes css json\n"
    assert body(answer(css, kind="text/css", config=types)) == b"p { b: url(/x) }"
    assert body(answer(data, kind="application/ld+json", config=types)) == b'{"a": "/x"}'
    assert body(answer(css, kind="text/css")) == css
