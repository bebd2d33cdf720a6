"""Pages written anew as Apache writes them (`ProxyHTMLSerializer apache`).

What Apache writes is in the oracle's cases; here is what holds for every page.
"""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.html.serialise import Serializer
from revproxy.plan.load import load_text
from tests.html.judge import FRAGMENTS, TABLE
from tests.html.test_page import answer, body

DOCUMENTS = st.lists(st.sampled_from((*FRAGMENTS, "<input checked>", "<p hidden x=y z>")))


def written(pieces: list[bytes], most_fed: int = 1 << 20) -> bytes:
    page = Serializer(
        lambda name, attribute: TABLE.get(name, {}).get(attribute),
        lambda text, form: text.replace("u", "v"),
        most_fed=most_fed,
    )
    return b"".join(page.feed(piece) for piece in pieces) + page.finish()


@given(DOCUMENTS)
def test_a_page_of_any_kind_is_written_without_what_was_put_in(document: list[str]) -> None:
    """The value of attributes that have none is a number in hexadecimals, which no fragment has."""
    out = written(["".join(document).encode()]).decode()
    assert "=n" not in out.replace("=name", "")


@given(st.lists(st.sampled_from(("<input checked>", "<p hidden x=y z>", "text ", "<b>", "</b>"))))
def test_the_pieces_a_page_comes_in_make_no_difference(document: list[str]) -> None:
    page = "<p>" + "".join(document)
    octets = [bytes((octet,)) for octet in page.encode()]
    assert written(octets) == written([page.encode()])


@given(DOCUMENTS, st.integers(10, 60))
def test_a_new_parser_goes_on_where_the_old_one_was(document: list[str], size: int) -> None:
    page = "".join(("<body>", *document)).encode()
    pieces = [page[at : at + size] for at in range(0, len(page), size)]
    assert written(pieces, most_fed=10) == written(pieces)


def test_a_comment_ends_where_it_ends() -> None:
    assert written([b"<p><!-- <input checked --><b>x</b><!-- <b-->"], most_fed=5) == (
        b"<html><body><p><!-- <input checked --><b>x</b><!-- <b--></p></body></html>"
    )


def test_a_long_page_is_not_held() -> None:
    parsers: list[object] = []

    class Counted(Serializer):
        def _new_parser(self) -> object:
            parsers.append(super()._new_parser())
            return parsers[-1]

    page = Counted(lambda *_: None, lambda text, _: text, most_fed=1 << 16)
    row = b'<div class="a"><p>some text</p></div>' * 100
    assert sum(len(page.feed(row)) for _ in range(200)) > 199 * len(row)
    # One for each 64 KiB, about.
    assert 9 < len(parsers) < 13


def test_a_page_without_a_tag_is_not_lost() -> None:
    assert b"text" in written([b"text"])
    assert written([b"<!-- a -->"]) == b"<!-- a -->"
    assert written([b""]) == b""


def test_a_long_script_is_not_held() -> None:
    page = Serializer(lambda *_: None, lambda text, _: text, script=lambda text: text.upper())
    page.feed(b"<script>")
    out = b"".join(page.feed(b"abcdefgh" * 4096) for _ in range(64))
    assert len(out) > 1 << 20
    assert set(out[len("<html><head><script>") :]) <= set(b"ABCDEFGH")


def test_exact_is_the_default_and_apache_a_choice() -> None:
    page = b"<!doctype html><P CLASS=a>x<A HREF='http://o/x'>y</A>"
    links = "ProxyHTMLLinks a href\n"
    choice = "<IfModule mpm_trio_module>\nProxyHTMLSerializer {}\n</IfModule>\n"
    exact = b"<!doctype html><P CLASS=a>x<A HREF='/x'>y</A>"
    assert body(answer(page, config=links)) == exact
    assert body(answer(page, config=links + choice.format("exact"))) == exact
    assert body(answer(page, config=links + choice.format("apache"))) == (
        b'<html><body><p class="a">x<a href="/x">y</a></p></body></html>'
    )


def test_without_lxml_the_mode_is_an_error_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    text = "<IfModule mpm_trio_module>\nProxyHTMLSerializer apache\n</IfModule>\n"
    found = load_text(text, server_root="/nonexistent").diagnostics
    assert [(item.location.line, item.hint) for item in found if item.hint] == [
        (2, "pip install 'revproxy[html]'")
    ]
