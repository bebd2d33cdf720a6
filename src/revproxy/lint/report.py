"""Findings as text for people: place, message, the line with a mark below it, the way out.

The ids are permanent. Those of reading and checking stand in `config/codes.py`, each lint rule's
in its own file; who renders rules' findings gives their names along.

Laws:
- Configuration text is Latin-1, one character an octet; here, and only here, it becomes what a
  reader sees: UTF-8 where a line is valid UTF-8, control characters as visible escapes.
- Columns that are printed count characters of the line as shown in an editor.
- Colour is for terminals alone, and never where NO_COLOR is set.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TextIO

from revproxy.config.codes import NAMES
from revproxy.errors import Diagnostic, Location, Severity

_TAB: Final = 4
_WIDTH: Final = 110
_COLOURS: Final = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def readable(text: str) -> str:
    """Latin-1 text as characters; what cannot be shown is escaped, tabs stay."""
    return _escaped(_characters(text))


def _characters(text: str) -> str:
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return text


def _escaped(text: str) -> str:
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char == "\t" or char.isprintable():
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"


def _before(text: str, column: int) -> str:
    """The characters before a column, which counts octets, read as the whole line is."""
    piece = text[: max(0, column - 1)]
    if _characters(text) == text:
        return piece
    return piece.encode("latin-1").decode("utf-8", "ignore")


def _cells(text: str) -> str:
    """The text with tabs written out, one character a terminal cell (wide ones keep a filler)."""
    cells = ""
    for char in text:
        if char == "\t":
            cells += " " * (_TAB - len(cells) % _TAB)
        elif unicodedata.east_asian_width(char) in "WF":
            cells += f"{char}\0"
        elif not unicodedata.combining(char):
            cells += char
    return cells


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By place, as the files are read: what an Include or Use brings stands where it is named."""
    return sorted(diagnostics, key=lambda item: _path(item.location))


def _path(location: Location | None) -> list[tuple[str, int, int]]:
    # The files of one Include are read by name, so their names order them.
    path: list[tuple[str, int, int]] = []
    while location is not None:
        path.insert(0, (location.file, location.line, location.column))
        location = location.via
    return path


def render(
    diagnostics: Iterable[Diagnostic], *, names: Mapping[str, str] = NAMES, colour: bool = False
) -> str:
    """All findings as one text, in file order, with a count at the end."""
    ordered = in_order(diagnostics)
    blocks = ["\n".join(_block(item, names, colour)) for item in ordered]
    if ordered:
        blocks.append(counted(ordered))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def write(
    diagnostics: Iterable[Diagnostic], stream: TextIO, *, names: Mapping[str, str] = NAMES
) -> None:
    """Print findings, in colour where the stream is a terminal."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    text = render(diagnostics, names=names, colour=colour)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def counted(diagnostics: Iterable[Diagnostic]) -> str:
    """How many there are of each severity: "2 errors, 1 warning"."""
    severities = [item.severity for item in diagnostics]
    parts = []
    for severity, word in (
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "remark"),
    ):
        count = severities.count(severity)
        if count:
            parts.append(f"{count} {word}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "no findings"


def _block(item: Diagnostic, names: Mapping[str, str], colour: bool) -> Iterator[str]:
    kind = _painted(f"{item.severity}:", _COLOURS[item.severity], colour)
    rule = f"[{item.code} {names[item.code]}]" if item.code in names else f"[{item.code}]"
    place = f"{_place(item.location)}: " if item.location is not None else ""
    yield f"{_painted(place, '1', colour)}{kind} {readable(item.message)} {rule}"
    if item.location is not None and item.location.source:
        yield from _excerpt(item.location, _COLOURS[item.severity], colour)
    if item.hint:
        yield f"  hint: {readable(item.hint)}"
    for location, note in item.related:
        yield f"  {_place(location)}: {readable(note)}"
    via = item.location.via if item.location is not None else None
    while via is not None:
        is_use = via.source.strip().lower().startswith("use")
        yield f"  {'in the macro used' if is_use else 'included'} from {_place(via)}"
        via = via.via


def column_of(location: Location, column: int) -> int:
    """A column of the location's line, counted in the characters an editor shows."""
    return len(_before(location.source, column)) + 1


def _place(location: Location) -> str:
    column = column_of(location, location.column)
    return f"{readable(location.file)}:{location.line}:{column}"


def _excerpt(location: Location, paint: str, colour: bool) -> Iterator[str]:
    """The source line, cut around the place where it is long, and the mark below."""
    start, end = (
        len(_cells(_escaped(_before(location.source, column))))
        for column in (location.column, max(location.end_column, location.column))
    )
    line = _cells(readable(location.source))
    left = 0
    if len(line) > _WIDTH:
        left = max(0, min(start - _WIDTH // 3, len(line) - _WIDTH))
    shown = line[left : left + _WIDTH]
    start, end = start - left, min(end - left, len(shown))
    if left:
        shown = f"...{shown[3:]}"
    if left + _WIDTH < len(line):
        shown = f"{shown[:-3]}..."
    gutter = f"{location.line:>5} | "
    mark = "^" * max(1, end - start)
    yield f"{gutter}{shown.rstrip()}".replace("\0", "")
    yield f"{' ' * (len(gutter) - 2)}| {' ' * start}{_painted(mark, paint, colour)}"


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and text else text
