"""The judge of where links are: lxml, whose libxml2 (2.14) has HTML's own tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from revproxy.html.links import Form
from revproxy.html.scan import Scanner
from revproxy.html.tokens import Wanted
from revproxy.html.values import decode

TABLE: Mapping[bytes, Mapping[bytes, Form]] = {
    b"a": {b"href": Form.URL},
    b"img": {b"src": Form.URL},
    b"script": {b"src": Form.URL},
    b"form": {b"action": Form.URL},
}

FRAGMENTS = (
    '<a href="u">', "<a href=u>", "<a href='u'>", '<A HREF = "u" >', "</a>", "<img src=u/>",
    '<img src="u" alt=">">', "<script>", "</script>", "<script src=u>", "<!--", "-->", "<!-->",
    "--!>", "<!doctype html>", "<![CDATA[", "]]>", "<?x ?>", "<textarea>", "</textarea>",
    "<title>", "</title>", "<style>", "</style>", "<noscript>", "</noscript>", "<p>", '"', "'",
    "<", ">", "=", "/", "&", "&amp;", "x", " ", "\n", "</", "<a ", "href=", 'href="',
    '<a/href="u">', '<a href="u"title=x>', '<a =href="u">', "<svg>", "</svg>", "<iframe>",
    "</iframe>", "<xmp>", "</xmp>", "<a href>", "<a href=>", "<a href= >",
    '<form action="a&amp;b">', '<b<a href="u">', '</a href="u">',
    "<a title=\"<a href='v'>\" href=\"u\">", "é", "</script ", "</scripty>", "<!-", "<!",
    "<plaintext>", "<script/>", "<style />", "<script src=u/>", "<title/ >",
    "<iframe x='y'/>", '<3 a="', '<a href="u" href="v">', '<a href="u', '<a href="&#104;i">',
    '<a href="&copy=1">', "-", "--", "<noframes>", "<noembed>", "</noembed>", "<script", "!",
    '<a href="http://o.test/x">', "<a href=HTTP://O.TEST/>", "<img src='http://o.test/a&amp;b'>",
    '<a href="&#x68;ttp://o.test/">', '<p style="a">', "<meta name=x>", "<td class='a b'>",
    '<a href="u"\t\f\rdata-x="<!--">', '<div title="http://o.test/">', "</SCRIPT>", "<Style>",
)  # fmt: skip
"""What documents are made of: markup, whole and broken."""


def found_by_lxml(document: bytes) -> list[str]:
    """The values of link attributes that are not empty, in order."""
    found: list[str] = []

    class Target:
        def start(self, tag: str, attributes: Mapping[str, str], *_more: object) -> None:
            row = TABLE.get(tag.encode(), {})
            found.extend(value for name, value in attributes.items() if name.encode() in row)

        def end(self, tag: str) -> None: ...
        def data(self, text: str) -> None: ...
        def comment(self, text: str) -> None: ...
        def pi(self, *_more: str) -> None: ...
        def close(self) -> None: ...

    parser = etree.HTMLParser(target=Target(), encoding="utf-8", huge_tree=True)
    parser.feed(document)
    parser.close()
    return [value for value in found if value]


def scan(
    document: bytes,
    size: int,
    value: Callable[[bytes, Form], bytes | None],
    prefixes: tuple[bytes, ...] | None = None,
) -> bytes:
    """What the scanner makes of a document that comes in pieces of `size` octets."""
    scanner = Scanner(Wanted(TABLE, prefixes), value)
    pieces = [document[at : at + size] for at in range(0, len(document), size)]
    return b"".join(map(scanner.feed, pieces)) + scanner.finish()


def found_by_us(document: bytes, size: int) -> list[str]:
    """As `found_by_lxml`, by the scanner; the document must come out as it went in."""
    found: list[str] = []

    def note(raw: bytes, _form: Form) -> None:
        found.append(decode(raw).encode("latin-1").decode("utf-8", "replace"))

    assert scan(document, size, note) == document
    return [value for value in found if value]


def compare(document: bytes, size: int) -> None:
    """Raises AssertionError where the scanner and lxml differ, or its two ways do."""
    ours, theirs = found_by_us(document, size), found_by_lxml(document)
    assert ours == theirs, (document, ours, theirs)

    def replace(raw: bytes, _form: Form) -> bytes | None:
        text = decode(raw)
        return b"/" if text.lower().startswith("http://o.test") else None

    slow = scan(document, size, replace)
    fast = scan(document, size, replace, (b"http://o.test",))
    assert slow == fast, (document, slow, fast)
