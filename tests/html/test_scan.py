"""The scanner: what it finds, what it leaves alone, and that pieces make no difference."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revproxy.html.links import Form
from revproxy.html.scan import MOST_HELD
from tests.html.judge import FRAGMENTS, compare, found_by_us, scan


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.sampled_from([1, 2, 5, 1 << 16]))
def test_the_links_are_those_that_lxml_finds(fragments: list[str], size: int) -> None:
    compare(f"<html><body>{''.join(fragments)}".encode(), size)


@given(st.binary(max_size=200), st.sampled_from([1, 3, 1 << 16]))
def test_any_octets_come_out_as_they_went_in(data: bytes, size: int) -> None:
    assert scan(data, size, lambda _raw, _form: None) == data


@pytest.mark.parametrize(
    "text",
    [
        "<!-- <a href=u> -->",
        "<script>'<a href=u>'</script>",
        "<script><!-- <script> </script> <a href=u> --></script>",
        "<textarea><a href=u></textarea>",
        "<title><a href=u></title>",
        "<style>a::after { content: '<a href=u>' }</style>",
        "<p title='<a href=u>'>",
        '<p title="> <a href=u>">',
        "<!doctype html SYSTEM '<a href=u'>",
        "<iframe><a href=u></iframe>",
        "<xmp><a href=u></xmp>",
        "<plaintext><a href=u>",
        "<a href=u",
        "</a href=u>",
        "<b data-href=u>",
    ],
)
def test_what_looks_like_a_link_and_is_none(text: str) -> None:
    assert found_by_us(text.encode(), 1 << 16) == []


@pytest.mark.parametrize(
    "text",
    [
        "<noscript><a href=u></noscript>",
        "<svg><a href=u></svg>",
        "<a\nhref\n=\n'u'>",
        "<A/HREF=u>",
        "<p<p><a href=u>",
        "< a><a href=u>",
        '<3 b="<a href=u>">',
        "<!--><a href=u>",
        "<a title='>' href=u>",
        "</script><a href=u>",
        "<script></script ><a href=u>",
    ],
)
def test_what_is_a_link(text: str) -> None:
    assert found_by_us(text.encode(), 1 << 16) == ["u"]


def upper(raw: bytes, _form: Form) -> bytes:
    return raw.upper()


def test_nothing_but_the_value_changes() -> None:
    page = b"<!DocType  HTML><A  HReF = 'x'  >&nbsp;<IMG src=y/ ><p CLASS=q>\r\n<a href=\"z\">\xff"
    assert scan(page, 1 << 16, upper) == (
        b'<!DocType  HTML><A  HReF = \'X\'  >&nbsp;<IMG src="Y/" ><p CLASS=q>\r\n<a href="Z">\xff'
    )


def test_a_tag_that_is_too_long_passes_as_it_comes() -> None:
    image = b'<img src="data:' + b"A" * (4 * MOST_HELD) + b'" alt="x>y"><a href="u">'
    out = scan(image, 10_000, upper)
    assert out == image.replace(b'"u"', b'"U"')


@pytest.mark.parametrize(
    "piece", [b"<a ", b"<", b"<!--", b"<a href='", b"<script>", b'="', b"<a b=c ", b"&", b"-->"]
)
def test_time_is_linear(piece: bytes) -> None:
    page = piece * (400_000 // len(piece))
    begin = time.process_time()
    scan(page, 1 << 16, lambda _raw, _form: None, (b"http://o.test",))
    assert time.process_time() - begin < 2.0
