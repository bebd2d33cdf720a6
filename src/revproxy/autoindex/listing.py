"""The listing of a directory as mod_autoindex writes it: plain, in columns or as a table.

Laws:
- Entries are text, one Latin-1 character an octet; all of it is escaped where it enters the page,
  but for descriptions, which are HTML that the configuration's author wrote.
- The parent comes first however the others are sorted; names that are alike in the sorted column
  are in octet order, so that a listing is the same each time.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from revproxy.http.pages import escape_html
from revproxy.records import dataclass
from revproxy.rewrite.escape import escape_uri

PARENT: Final = "Parent Directory"
_COLUMNS: Final = (("N", "Name"), ("M", "Last modified"), ("S", "Size"), ("D", "Description"))
_CUT: Final = "..>"
_TOP: Final = ' valign="top"'
_RIGHT: Final = ' align="right"'


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, a directory (its name ends with `/`) or the parent (its name begins with it)."""

    name: str
    size: int = -1
    """Octets; -1 for none to be shown."""
    modified: float = -1
    """Seconds; -1 for unknown."""
    icon: str | None = None
    alt: str | None = None
    description: str | None = None
    goes_first: bool = False
    """A directory where IndexOptions FoldersFirst is set."""

    @property
    def is_parent(self) -> bool:
        return self.name.startswith("/")


@dataclass(frozen=True, slots=True)
class Look:
    """How a listing looks: IndexOptions and its like. Options are in lower case."""

    options: frozenset[str] = frozenset()
    name_width: int | None = 23
    """Columns of the name; None for as many as the longest needs."""
    description_width: int | None = 23
    fits_description: bool = True
    """Nobody set the width, so columns that are not shown are added to it."""
    icon_width: int = 0
    icon_height: int = 0
    default_icon: str | None = None
    blank_icon: str | None = None
    style_sheet: str | None = None
    head_insert: str = ""
    date_format: str = "%Y-%m-%d %H:%M"

    def has(self, option: str) -> bool:
        return option in self.options


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by a column (N, M, S, D), and what a link to another order keeps of the query."""

    column: str = "N"
    descending: bool = False
    kept: str = ""


def preamble(look: Look, title: str) -> str:
    """The page up to its body."""
    xhtml = look.has("xhtml")
    doctype = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml">\n'
        if xhtml
        else '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" '
        '"http://www.w3.org/TR/html4/strict.dtd">\n<html>\n'
    )
    parts = [doctype, f" <head>\n  <title>Index of {title}</title>\n"]
    if look.style_sheet is not None:
        end = " />\n" if xhtml else ">\n"
        parts.append(f'  <link rel="stylesheet" href="{look.style_sheet}" type="text/css"{end}')
    return "".join((*parts, look.head_insert, " </head>\n <body>\n"))


def heading(look: Look, title: str) -> str:
    """The title in the page."""
    if look.style_sheet is not None:
        return f'  <h1 id="indextitle">Index of {title}</h1>\n'
    return f"<h1>Index of {title}</h1>\n"


def body(look: Look, entries: Iterable[Entry], order: Order) -> str:
    """The entries in the form that the options ask for."""
    ordered = _sorted(look, entries, order)
    if look.has("htmltable"):
        return "".join(_table(look, ordered, order))
    if look.has("fancyindexing"):
        return "".join(_columns(look, ordered, order))
    items = (f'<li><a href="{_anchor(entry)}"> {_shown(entry)}</a></li>\n' for entry in ordered)
    return "".join(("<ul>", *items, "</ul>\n"))


def _anchor(entry: Entry) -> str:
    path = escape_uri(entry.name)
    colon, slash = path.find(":"), path.find("/")
    if colon >= 0 and (slash < 0 or colon < slash):
        # Else the name would begin a URL.
        path = f"./{path}"
    return escape_html(path)


def _label(entry: Entry) -> str:
    return PARENT if entry.is_parent else entry.name


def _shown(entry: Entry) -> str:
    return escape_html(_label(entry))


def _heads(look: Look, order: Order) -> Iterator[tuple[str, str]]:
    """The columns that are shown, as letter and head; the head is a link where it sorts."""
    hidden = {
        "M": look.has("suppresslastmodified"),
        "S": look.has("suppresssize"),
        "D": look.has("suppressdescription"),
    }
    for letter, text in _COLUMNS:
        if hidden.get(letter):
            continue
        if look.has("suppresscolumnsorting"):
            yield letter, text
            continue
        turned = order.column == letter and not order.descending
        query = f"?C={letter};O={'D' if turned else 'A'}{order.kept}"
        yield letter, f'<a href="{query}">{text}</a>'


def _image(look: Look, icon: str, alt: str) -> str:
    parts = [f'<img src="{escape_html(icon)}" alt="{alt}"']
    if look.icon_width:
        parts.append(f' width="{look.icon_width}"')
    if look.icon_height:
        parts.append(f' height="{look.icon_height}"')
    parts.append(" />" if look.has("xhtml") else ">")
    return "".join(parts)


def _icon(look: Look, entry: Entry, instead: str) -> str:
    icon = entry.icon or look.default_icon
    if icon is None:
        return instead
    return _image(look, icon, f"[{entry.alt or '   '}]")


# The table.


def _table(look: Look, entries: Sequence[Entry], order: Order) -> Iterator[str]:
    styled = look.style_sheet is not None
    yield (
        '  <table id="indexlist">\n   <tr class="indexhead">' if styled else "  <table>\n   <tr>"
    )
    cells = []
    if not look.has("suppressicon"):
        icon = "&nbsp;" if look.blank_icon is None else _image(look, look.blank_icon, "[ICO]")
        cells.append(f"<th{_class(look, 'icon', _TOP)}>{icon}</th>")
    heads = list(_heads(look, order))
    texts = [f"<th{_class(look, _NAMES[letter])}>{text}" for letter, text in heads]
    cells.append("</th>".join(texts))
    # The rule spans what is shown, counted as Apache counts.
    count = len(heads) + (not look.has("suppressicon"))
    rule = ""
    if not look.has("suppressrules"):
        row = ' class="indexbreakrow"' if styled else ""
        end = " /" if look.has("xhtml") else ""
        rule = f'   <tr{row}><th colspan="{count}"><hr{end}></th></tr>\n'
    yield from (*cells, "</th></tr>\n", rule)
    for number, entry in enumerate(entries):
        yield _row(look, entry, number)
    yield from (rule, "</table>\n")


_NAMES: Final = {"N": "name", "M": "lastmod", "S": "size", "D": "desc"}


def _class(look: Look, column: str, otherwise: str = "") -> str:
    return otherwise if look.style_sheet is None else f' class="indexcol{column}"'


def _row_start(look: Look, entry: Entry, number: int) -> str:
    if look.style_sheet is None:
        return "<tr>"
    parity = "odd" if number % 2 else "even"
    if entry.alt and look.has("addaltclass"):
        parity += f"-{entry.alt.lower()}"
    return f'   <tr class="{parity}">'


def _row(look: Look, entry: Entry, number: int) -> str:
    parts = [_row_start(look, entry, number)]
    anchor = _anchor(entry)
    if not look.has("suppressicon"):
        icon = _icon(look, entry, "&nbsp;")
        if look.has("iconsarelinks"):
            icon = f'<a href="{anchor}">{icon}</a>'
        parts.append(f"<td{_class(look, 'icon', _TOP)}>{icon}</td>")
    name, pad = _padded(look, entry) if look.name_width is not None else (_shown(entry), "")
    link = f'<a href="{anchor}">{name}</a>{pad}'
    cells = [f"<td{_class(look, 'name')}>{link}"]
    if not look.has("suppresslastmodified"):
        if entry.modified >= 0:
            right = _class(look, "lastmod", _RIGHT)
            cells.append(f"<td{right}>{_date(look, entry)}  ")
        else:
            cells.append(f"<td{_class(look, 'lastmod')}>&nbsp;")
    if not look.has("suppresssize"):
        cells.append(f"<td{_class(look, 'size', _RIGHT)}>{format_size(entry.size)}")
    if not look.has("suppressdescription"):
        text = entry.description
        if text is None:
            text = "&nbsp;"
        elif look.description_width is not None:
            text = _cut_description(look, text)
        cells.append(f"<td{_class(look, 'desc')}>{text}")
    return "".join((*parts, "</td>".join(cells), "</td></tr>\n"))


# Columns of text.


def _columns(look: Look, entries: Sequence[Entry], order: Order) -> Iterator[str]:
    longest = max((len(entry.name) for entry in entries), default=0)
    width = max(23, longest) if look.name_width is None else look.name_width
    end = " />" if look.has("xhtml") else ">"
    yield "<pre>"
    if not look.has("suppressicon"):
        blank = look.blank_icon
        yield "      " if blank is None else _image(look, blank, "Icon ") + " "
    gaps = {"N": " " * max(0, width - 4) + " ", "M": "      ", "S": "  ", "D": ""}
    for letter, text in _heads(look, order):
        yield text + gaps[letter]
    yield "\n" if look.has("suppressrules") else f"<hr{end}"
    for entry in entries:
        yield _line(look, entry, width)
    yield "</pre>\n" if look.has("suppressrules") else f"<hr{end}</pre>\n"


def _line(look: Look, entry: Entry, width: int) -> str:
    anchor = _anchor(entry)
    parts = []
    if not look.has("suppressicon"):
        icon = _icon(look, entry, "     ")
        linked = look.has("iconsarelinks")
        parts.append(f'<a href="{anchor}">{icon}</a> ' if linked else f"{icon} ")
    name, pad = _padded(look, entry, width)
    parts.append(f'<a href="{anchor}">{name}</a>{pad} ')
    if not look.has("suppresslastmodified"):
        parts.append(f"{_date(look, entry)}  " if entry.modified >= 0 else " " * 19)
    if not look.has("suppresssize"):
        parts.append(format_size(entry.size) + "  ")
    if not look.has("suppressdescription") and entry.description is not None:
        parts.append(_cut_description(look, entry.description))
    return "".join((*parts, "\n"))


def _padded(look: Look, entry: Entry, width: int | None = None) -> tuple[str, str]:
    """The name, cut to its width, and what fills it up."""
    columns = (look.name_width or 0) if width is None else width
    label = _label(entry)
    if len(label) > columns:
        label = label[: columns - len(_CUT)] + _CUT
    return escape_html(label), " " * (columns - len(label))


def _date(look: Look, entry: Entry) -> str:
    return time.strftime(look.date_format, time.localtime(entry.modified))


_PIECE: Final = re.compile(r"<[^>]*>?|&[^;]*;?|[^<&]")


def _cut_description(look: Look, text: str) -> str:
    """A description cut to its width; a tag takes no column, a character reference one."""
    if look.description_width is None:
        return text
    left = look.description_width
    if look.fits_description:
        left += 6 * look.has("suppressicon") + 19 * look.has("suppresslastmodified")
        left += 7 * look.has("suppresssize")
    at = 0
    while at < len(text) and (left > 0 or text[at] == "<"):
        piece = _PIECE.match(text, at)
        assert piece is not None
        at = piece.end()
        left -= piece[0][0] != "<"
    return text if at == len(text) else text[: at - 1] + ">"


_UNITS: Final = "KMGTPE"


def format_size(size: int) -> str:
    """Four columns, as `apr_strfsize`."""
    if size < 0:
        return "  - "
    if size < 973:
        return f"{size:3d} "
    for unit in _UNITS:
        rest, size = size & 1023, size >> 10
        if size >= 973:
            continue
        if size < 9 or (size == 9 and rest < 973):
            tenths = (rest * 5 + 256) // 512
            if tenths >= 10:
                size, tenths = size + 1, 0
            return f"{size}.{tenths}{unit}"
        return f"{size + (rest >= 512):3d}{unit}"
    return "****"


# The order.


def _sorted(look: Look, entries: Iterable[Entry], order: Order) -> list[Entry]:
    compare = functools.cmp_to_key(functools.partial(_compare, look, order.column))
    parents = [entry for entry in entries if entry.is_parent]
    others = sorted((e for e in entries if not e.is_parent), key=compare, reverse=order.descending)
    first = [entry for entry in others if entry.goes_first]
    return [*parents, *first, *(entry for entry in others if not entry.goes_first)]


def _compare(look: Look, column: str, one: Entry, other: Entry) -> int:
    versions, no_case = look.has("versionsort"), look.has("ignorecase")
    result = 0
    if column == "M":
        result = _sign(one.modified, other.modified)
    elif column == "S":
        result = _sign(one.size, other.size)
    elif column == "D":
        result = _compare_text(one.description or "", other.description or "", versions)
    if not result and versions and no_case:
        result = compare_versions(one.name.lower(), other.name.lower())
    if not result and versions:
        result = compare_versions(one.name, other.name)
    if not result and no_case:
        result = _sign(one.name.lower(), other.name.lower())
    return result or _sign(one.name, other.name)


def _compare_text(one: str, other: str, versions: bool) -> int:
    return compare_versions(one, other) if versions else _sign(one, other)


def _sign(one: float | str, other: float | str) -> int:
    return (one > other) - (one < other)  # type: ignore[operator]


_RUN: Final = re.compile(r"[0-9]+|[^0-9\s]")


def compare_versions(one: str, other: str) -> int:
    """Numbers within the text count as numbers, with leading zeros as fractions; blanks do not."""
    ours, theirs = _RUN.findall(one), _RUN.findall(other)
    for left, right in zip(ours, theirs, strict=False):
        if left.isdigit() and right.isdigit():
            is_fraction = left[0] == "0" or right[0] == "0"
            result = _sign(left, right) if is_fraction else _sign(int(left), int(right))
        else:
            result = _sign(left, right)
        if result:
            return result
    return _sign(len(ours), len(theirs))
