"""The elements and attributes of HTML 4.01, as libxml2 knows them.

`ProxyHTMLDocType HTML` and `XHTML` let these pass and drop all others (mod_proxy_html).
"""

from __future__ import annotations

from typing import Final

_EMPTY: Final = "area base basefont br col frame hr img input isindex link meta param"
EMPTY: Final = frozenset(_EMPTY.split())
"""Elements that have no end tag."""

_EVENTS: Final = (
    "onclick ondblclick onmousedown onmouseup onmouseover onmouseout onkeypress onkeydown onkeyup"
)
_COMMON: Final = f"id class style title lang dir {_EVENTS}"
_CELL: Final = "align char charoff valign"
_SPAN: Final = f"abbr axis headers scope rowspan colspan {_CELL}"
_FOCUS: Final = "tabindex accesskey onfocus onblur"

_PLAIN: Final = """
abbr acronym address b big caption cite code dd dfn div dl dt em fieldset h1 h2 h3 h4 h5 h6 hr i kbd
li noframes noscript ol p pre samp small span strong sub sup tt ul var
"""
"""Elements with the common attributes alone."""

_COMMON_AND: Final = f"""
a charset type name href hreflang rel rev shape coords {_FOCUS}; blockquote cite;
body onload onunload; button name value type disabled {_FOCUS}; col span width {_CELL};
colgroup span width {_CELL}; del datetime cite;
form action method enctype accept name onsubmit onreset accept-charset;
img src alt longdesc name height width usemap ismap;
input type name value checked disabled readonly size maxlength src alt usemap ismap accept onselect
onchange {_FOCUS};
ins datetime cite; label for accesskey onfocus onblur; legend accesskey;
link charset href hreflang type rel rev media; map name;
object declare classid codebase data type codetype archive standby height width usemap name
tabindex;
optgroup label disabled; option disabled label selected value; q cite;
select name size multiple disabled tabindex onfocus onblur onchange;
table summary width border frame rules cellspacing cellpadding datapagesize;
tbody {_CELL}; td {_SPAN};
textarea rows cols name disabled readonly onselect onchange {_FOCUS};
tfoot {_CELL}; th {_SPAN}; thead {_CELL}; tr {_CELL}
"""

_DEPRECATED: Final = "applet basefont center dir font isindex menu s strike u"

_OTHERS: Final = f"""
area alt shape coords href nohref {_FOCUS}; base href; bdo id class style title lang dir;
br id class style title; frame; frameset; head lang dir profile; html lang dir; iframe;
meta content lang dir http-equiv name scheme charset; param name id value valuetype type;
script type charset src defer event for; style type lang dir media title; title lang dir
"""


def _read(text: str, common: frozenset[str]) -> dict[str, frozenset[str]]:
    rows = (entry.split() for entry in text.split(";"))
    return {element: common.union(names) for element, *names in rows}


_SHARED: Final = frozenset(_COMMON.split())
STRICT: Final = {
    **dict.fromkeys(_PLAIN.split(), _SHARED),
    **_read(_COMMON_AND, _SHARED),
    **_read(_OTHERS, frozenset()),
}
"""By element, the attributes that it may have."""

LEGACY: Final = {
    **STRICT,
    **dict.fromkeys(_DEPRECATED.split(), frozenset[str]()),
    **_read(
        "embed id class style title align alt border code codebase frameborder height hidden hspace"
        " name palette pluginspace pluginurl src type units vspace width",
        frozenset(),
    ),
}
"""The same with HTML 4.01 Transitional's elements: none of its attributes pass mod_proxy_html."""
