"""Physical lines to logical ones, with the way back from each character to its place in the file.

Laws:
- A backslash directly before the newline joins lines, in comments too; blanks around the joined
  line are cut; a comment is a whole logical line. As Apache's `ap_cfg_getline`.
- Text is Latin-1 `str`; a file is cut at newlines only, a carriage return before one is dropped.
- A piece of text that was put in the place of another (`${VAR}`, a macro's parameter) is placed
  at what it replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from revproxy.errors import DirectiveError, Location
from revproxy.records import dataclass

BLANKS: Final = " \t\n\r\x0b\x0c"
"""What C's `isspace` takes for a blank."""

LONGEST_LINE: Final = 16 * 1024 * 1024
"""Apache's limit for a logical line."""


class Part(NamedTuple):
    """A run of a logical line's text and where it comes from.

    `offset` is where it begins in the text, `line` and `column` are 0-based in the file. `width`
    is None for text that stands in the file as it is, else the columns of what it replaced.
    """

    offset: int
    line: int
    column: int
    width: int | None


class Source:
    """A file's physical lines, and the `Include` or `Use` that brought them here."""

    __slots__ = ("ends_with_newline", "file", "lines", "shown", "via")

    def __init__(self, file: str, text: str, via: Location | None = None) -> None:
        self.file = file
        self.via = via
        self.lines = text.split("\n")
        self.ends_with_newline = not self.lines[-1]
        if self.ends_with_newline:
            self.lines.pop()
        self.shown = self.lines

    def prepare(self, change: Callable[[str], str]) -> None:
        """Read other text of the same length instead; what is shown stays."""
        self.lines = change("\n".join(self.lines)).split("\n")

    @classmethod
    def again(cls, source: Source, via: Location) -> Source:
        """The same lines, brought here by another Use."""
        copy = cls(source.file, "", via)
        copy.lines = source.lines
        copy.shown = source.shown
        copy.ends_with_newline = source.ends_with_newline
        return copy

    def physical(self, index: int) -> str:
        """A line as it stands in the file, without its line end."""
        return self.shown[index].removesuffix("\r")

    def continues(self, index: int) -> bool:
        """Whether the line ends in a backslash that joins the next one."""
        return self.lines[index].endswith(("\\", "\\\r")) and (
            self.ends_with_newline or index < len(self.lines) - 1
        )

    def location(self, index: int) -> Location:
        """The place of a whole physical line, from its first character that is not blank."""
        text = self.physical(index)
        column = len(text) - len(text.lstrip(BLANKS))
        return Location(
            self.file, index + 1, column + 1, len(text.rstrip(BLANKS)) + 1, text, self.via
        )


@dataclass(slots=True)
class Line:
    """A logical line: neither blank nor a comment."""

    text: str
    source: Source
    parts: tuple[Part, ...]

    def locate(self, start: int, end: int) -> Location:
        """Where the characters from `start` to `end` stand; over several lines: on the first."""
        part = self._part_at(start)
        index = part.line
        column = part.column
        if part.width is None:
            column += start - part.offset
        if len(self.parts) > 1:
            last = self._part_at(max(start, end - 1))
            if last.line != index:
                end_column = len(self.source.physical(index).rstrip(BLANKS + "\\"))
            elif last.width is None:
                end_column = last.column + end - last.offset
            else:
                end_column = last.column + last.width
        else:
            end_column = column + end - start
        source = self.source
        return Location(
            source.file, index + 1, column + 1, end_column + 1, source.physical(index), source.via
        )

    @property
    def location(self) -> Location:
        return self.locate(0, len(self.text))

    def _part_at(self, offset: int) -> Part:
        if len(self.parts) == 1:
            return self.parts[0]
        return self.parts[bisect_right(self.parts, offset, key=_offset) - 1]

    def substitute(self, pattern: re.Pattern[str], value: Callable[[re.Match[str]], str]) -> Line:
        """The line with every match of `pattern` replaced; a match may keep its own text."""
        matches = list(pattern.finditer(self.text))
        if not matches:
            return self
        pieces: list[str] = []
        parts: list[Part] = []
        length = position = 0
        for match in matches:
            start, end = match.span()
            new = value(match)
            if new == match.group():
                continue
            parts += self.copied(position, start, length)
            length += start - position
            place = self.locate(start, end)
            width = place.end_column - place.column
            parts.append(Part(length, place.line - 1, place.column - 1, width))
            pieces += (self.text[position:start], new)
            length += len(new)
            position = end
            if length > LONGEST_LINE:
                break
        parts += self.copied(position, len(self.text), length)
        pieces.append(self.text[position:])
        return Line("".join(pieces), self.source, tuple(parts) or self.parts)

    def copied(self, start: int, end: int, offset: int) -> Iterator[Part]:
        """The parts of the text from `start` to `end`, for a line that has it at `offset`."""
        for index, part in enumerate(self.parts):
            following = self.parts[index + 1].offset if index + 1 < len(self.parts) else end
            low, high = max(part.offset, start), min(following, end)
            if low < high:
                column = part.column + (low - part.offset if part.width is None else 0)
                yield Part(offset + low - start, part.line, column, part.width)


def _offset(part: Part) -> int:
    return part.offset


def logical_lines(source: Source) -> Iterator[Line]:
    """The lines of a file that say something, in order."""
    lines = source.lines
    index = 0
    while index < len(lines):
        if source.continues(index):
            first = index
            while index < len(lines) and source.continues(index):
                index += 1
            line = _joined(source, first, min(index, len(lines) - 1))
            if line is not None:
                yield line
        else:
            text = lines[index].strip(BLANKS)
            if text and text[0] != "#":
                yield Line(text, source, (Part(0, index, lines[index].index(text[0]), None),))
        index += 1


def _joined(source: Source, first: int, last: int) -> Line | None:
    """The physical lines `first` to `last` as one; None where that is blank or a comment."""
    text = ""
    parts: list[Part] = []
    for index in range(first, last + 1):
        piece = source.lines[index]
        if source.continues(index):
            piece = piece.removesuffix("\r").removesuffix("\\")
        if piece:
            parts.append(Part(len(text), index, 0, None))
            text += piece
    stripped = text.strip(BLANKS)
    if not stripped or stripped[0] == "#":
        return None
    cut = len(text) - len(text.lstrip(BLANKS))
    whole = Line(text, source, tuple(parts))
    return Line(stripped, source, tuple(whole.copied(cut, cut + len(stripped), 0)))


class Stream:
    """The lines of one file, with those that a Use puts between them."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._stack: list[tuple[str, Iterator[Line]]] = [("", lines)]

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        while self._stack:
            line = next(self._stack[-1][1], None)
            if line is not None:
                return line
            self._stack.pop()
        raise StopIteration

    def put(self, name: str, lines: Iterator[Line]) -> None:
        """Give these lines before what comes next. Raises DirectiveError for a macro in itself."""
        if any(name == active for active, _ in self._stack):
            raise DirectiveError(f"recursive use of macro '{name}' is invalid", argument=0)
        self._stack.append((name, lines))
