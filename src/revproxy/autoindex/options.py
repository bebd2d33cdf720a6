"""IndexOptions: words with signs, and how those of an inner section change the outer ones.

Laws:
- A word without a sign begins anew: nothing is inherited then, and signs before it are forgotten.
- A width or a type is a setting of its own, whatever stands before it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """IndexOptions in lower case: those set outright (None for never), added and taken away."""

    base: frozenset[str] | None = None
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def over(self, outer: Options) -> Options:
        """What these options of an inner section make of the outer ones."""
        if self.base == _NONE:
            return self
        if self.base is not None:
            return Options((self.base | self.added) - self.removed)
        added = (outer.added | self.added) - self.removed
        removed = outer.removed | self.removed
        base = ((outer.base or frozenset()) - _NONE | added) - removed
        return Options(base, added, removed)

    @property
    def in_force(self) -> frozenset[str]:
        return (((self.base or frozenset()) | self.added) - self.removed) - _NONE


_NONE: Final = frozenset(("none",))
_NAMES: Final = frozenset(
    (
        *("fancyindexing", "foldersfirst", "htmltable", "iconsarelinks", "ignorecase"),
        *("ignoreclient", "scanhtmltitles", "suppresscolumnsorting", "suppressdescription"),
        *("suppresshtmlpreamble", "suppressicon", "suppresslastmodified", "suppresssize"),
        *("suppressrules", "trackmodified", "versionsort", "xhtml", "showforbidden"),
        "addaltclass",
    )
)


def parse_options(known: Options, directive: Directive) -> tuple[Options, dict[str, Any]]:
    """What a line makes of the options of its section, and the other settings that it changes.

    Raises DirectiveError.
    """
    base, added, removed = known.base, set(known.added), set(known.removed)
    changes: dict[str, Any] = {}
    for index, word in enumerate(directive.values):
        sign, name = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
        low = name.lower()
        option: frozenset[str] = frozenset((low,)) if low in _NAMES else frozenset()
        if low == "none":
            if sign:
                text = "Cannot combine '+' or '-' with 'None' keyword"
                raise DirectiveError(f"IndexOptions: {text}", argument=index)
            base, option = _NONE, _NONE
        elif not option:
            changes.update(_value_option(low, name, sign, index))
        if not sign:
            base = (base or frozenset()) | option
            added, removed = set(), set()
        elif sign == "+":
            added |= option
            removed -= option
        else:
            removed |= option
            added -= option
    if base is not None and base > _NONE:
        raise DirectiveError("IndexOptions: Cannot combine other IndexOptions keywords with 'None'")
    return Options(base, frozenset(added), frozenset(removed)), changes


_WIDTHS: Final = {
    "namewidth": ("name_width", 23, 5),
    "descriptionwidth": ("description_width", 23, 12),
}
_ICONS: Final = {"iconwidth": ("icon_width", 20), "iconheight": ("icon_height", 22)}
_ATOI: Final = re.compile(r"\s*([+-]?[0-9]+)").match


def _number(word: str) -> int:
    match = _ATOI(word)
    return int(match[1]) if match is not None else 0


def _value_option(low: str, name: str, sign: str, index: int) -> dict[str, Any]:
    """What an option with a value changes. Raises DirectiveError."""
    key, equals, value = name.partition("=")
    key = key.lower()
    if equals and sign == "-" and key in (*_WIDTHS, *_ICONS):
        raise DirectiveError(f"IndexOptions: Cannot combine '-' with {key}=n", argument=index)
    if key in _ICONS:
        field, default = _ICONS[key]
        return {field: _number(value) if equals else (0 if sign == "-" else default)}
    if key in _WIDTHS:
        field, default, least = _WIDTHS[key]
        if not equals:
            if sign != "-":
                text = f"{name} with no value may only appear as '-{name}'"
                raise DirectiveError(f"IndexOptions: {text}", argument=index)
            return {field: default}
        if value.startswith("*"):
            return {field: None}
        width = _number(value)
        if width and width < least:
            text = f"{name.partition('=')[0]} value must be greater than {least}"
            raise DirectiveError(f"IndexOptions: {text}", argument=index)
        return {field: width}
    if equals and key in ("type", "charset"):
        return {key: value}
    if low == "useolddateformat":
        return {"date_format": "%d-%b-%Y %H:%M"}
    raise DirectiveError("IndexOptions: Invalid directory indexing option", argument=index)
