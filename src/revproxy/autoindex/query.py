"""What a client may ask of a listing by its query: order, form and a pattern of names.

Laws:
- `C=N;O=D` and their like; the first piece that is none of them ends the reading.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Final

from revproxy.autoindex.listing import Look, Order
from revproxy.rewrite.escape import escape_uri

_WISH: Final = re.compile(r"(?:([COFV])=([NMSDA012]))(?:[&;]|\Z)|(P)=([^&;]*)[&;]?")
_VALID: Final = {"C": "NMSD", "O": "AD", "F": "012", "V": "01"}
_FORMS: Final[dict[str, frozenset[str]]] = {
    "0": frozenset(),
    "1": frozenset(("fancyindexing",)),
    "2": frozenset(("fancyindexing", "htmltable")),
}


def read_query(query: str, look: Look, order: Order) -> tuple[Look, Order, str | None]:
    """Look, order and pattern that `C=…;O=…;F=…;V=…;P=…` ask for; from an error on, nothing."""
    column, descending, options = order.column, order.descending, look.options
    kept = {"F": "", "V": "", "P": ""}
    pattern: str | None = None
    at = 0
    while (wish := _WISH.match(query, at)) is not None:
        at = wish.end()
        key, value = wish[1] or wish[3], wish[2] or wish[4] or ""
        if key == "P":
            pattern = _unescaped(value)
            kept["P"] = "" if pattern is None else f";P={escape_uri(pattern)}"
            continue
        if value not in _VALID[key]:
            break
        if key == "C":
            column = value
        elif key == "O":
            descending = value == "D"
        else:
            kept[key] = f";{key}={value}"
            if key == "F":
                options = options - _FORMS["2"] | _FORMS[value]
            else:
                version = frozenset(("versionsort",))
                options = options | version if value == "1" else options - version
    order = Order(column, descending, kept["F"] + kept["V"] + kept["P"])
    return dataclasses.replace(look, options=options), order, pattern


def _unescaped(text: str) -> str | None:
    """A pattern as it was meant; None for none, or for one that is badly escaped."""
    if not text or re.search(r"%(?![0-9A-Fa-f]{2})|%00|%2[fF]", text):
        return None
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)


def name_pattern(pattern: str) -> Callable[[str], object]:
    """fnmatch for names; a leading dot has to be written."""
    expression = "".join(
        {"*": ".*", "?": "."}.get(part) or (part if len(part) > 1 else re.escape(part))
        for part in re.findall(r"\[[!^]?\]?[^\]]*\]|.", pattern.replace("[!", "[^"), re.DOTALL)
    )
    hidden = "" if pattern.startswith(".") else r"(?!\.)"
    try:
        return re.compile(hidden + expression, re.DOTALL).fullmatch
    except re.error:
        return lambda _name: None
