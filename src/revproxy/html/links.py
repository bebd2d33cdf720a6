"""Where links stand in HTML: which attributes of which elements, and of what form.

Laws:
- With no ProxyHTMLLinks at all, HTML's own set is in force.
- Forms that Apache does not know (srcset, style, refresh, SVG) are links as well, unless
  ProxyHTMLModern is off.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final


class Form(enum.Enum):
    """How links stand in an attribute's value."""

    URL = "url"
    SRCSET = "srcset"
    STYLE = "style"
    REFRESH = "refresh"
    EVENT = "event"


Table = Mapping[str, Mapping[str, Form]]
"""By element and attribute, both in lower case; `*` stands for every element."""

_STANDARD: Final = """
a href ping; area href ping; link href imagesrcset; img src srcset longdesc usemap lowsrc dynsrc;
object classid codebase data usemap; q cite; blockquote cite; ins cite; del cite; form action;
input src usemap formaction; button formaction; head profile; base href; script src for;
iframe src longdesc; frame src longdesc; audio src; video src poster; source src srcset; track src;
embed src; body background; table background; td background; th background; html manifest;
applet codebase archive; command icon; bgsound src; layer src background
"""

_MODERN: Final = """
img srcset; source srcset; link imagesrcset; use href xlink:href; image href xlink:href;
feimage href xlink:href; a xlink:href; script xlink:href; lineargradient href xlink:href;
radialgradient href xlink:href; pattern href xlink:href; textpath href xlink:href;
mpath href xlink:href
"""

_SETS: Final = frozenset(("srcset", "imagesrcset"))


def _read(text: str) -> dict[str, dict[str, Form]]:
    table: dict[str, dict[str, Form]] = {}
    for entry in text.split(";"):
        element, *attributes = entry.split()
        for attribute in attributes:
            table.setdefault(element, {})[attribute] = form_of(attribute)
    return table


def form_of(attribute: str) -> Form:
    """How links stand in an attribute of this name."""
    if attribute in _SETS or attribute.endswith("-srcset"):
        return Form.SRCSET
    return Form.STYLE if attribute == "style" else Form.URL


STANDARD: Final = _read(_STANDARD)
MODERN: Final = {
    **_read(_MODERN),
    "*": {"style": Form.STYLE},
    "meta": {"content": Form.REFRESH},
}


def table_of(
    links: Mapping[str, tuple[str, ...]] | None, events: tuple[str, ...], *, modern: bool
) -> dict[str, dict[str, Form]]:
    """The table in force: ProxyHTMLLinks by element, ProxyHTMLEvents, and what is modern."""
    table: dict[str, dict[str, Form]] = {}
    parts: list[Mapping[str, Mapping[str, Form]]] = [MODERN] if modern else []
    if links is None:
        parts.append(STANDARD)
    else:
        parts.append(
            {
                element.lower(): {name.lower(): form_of(name.lower()) for name in names}
                for element, names in links.items()
            }
        )
    for part in parts:
        for element, attributes in part.items():
            table.setdefault(element, {}).update(attributes)
    everywhere = table.setdefault("*", {})
    for name in events:
        everywhere.setdefault(name.lower(), Form.EVENT)
    return table
