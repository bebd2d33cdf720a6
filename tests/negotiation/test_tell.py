"""What a response says of its variants, and the tags of files chosen from a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.fields import Fields
from revproxy.negotiation.tell import escape_segment, set_fields, variant_list
from revproxy.negotiation.variant import Variant
from revproxy.static.etag import join_etags

NAMES = st.text(st.characters(min_codepoint=1, max_codepoint=255), min_size=1)


@given(NAMES)
def test_a_name_is_one_segment_and_no_markup(name: str) -> None:
    assert not set(escape_segment(name)) & set('/"<>?# \r\n')
    page = variant_list([Variant(name)])
    assert page.count("<a ") == 1
    assert page.count("<") == page.count(">")


def test_what_differs() -> None:
    table = Fields()
    one = Variant("a", type="text/html", source_quality=1.0, length=3)
    two = Variant("b c", type="text/html", languages=("de", "en"), encoding="x-gzip")
    two.charset, two.description, two.source_quality = "utf-8", "The second", 0.25
    set_fields(
        table,
        [one, two],
        lambda it: -1 if it.length is None else it.length,
        transparent=True,
        alternates=True,
        is_list=False,
    )
    assert table.get("Vary") == "negotiate, accept-language, accept-charset, accept-encoding"
    assert table.get("TCN") == "choice"
    assert table.get("Alternates") == (
        '{"a" 1 {type text/html} {length 3}}, {"b%20c" 0.25 {type text/html} {charset utf-8} '
        "{language de,en} {encoding x-gzip}}"
    )


@pytest.mark.parametrize(
    ("etag", "of_list", "joined"),
    [
        ('"a"', '"b"', '"a;b"'),
        ('W/"a"', '"b"', 'W/"a;b"'),
        ('"a"', 'W/"b"', 'W/"a;b"'),
    ],
)
def test_tags_are_joined(etag: str, of_list: str, joined: str) -> None:
    assert join_etags(etag, of_list) == joined
