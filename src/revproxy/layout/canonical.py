"""A file in its canonical layout: the same lines, the same words, another look.

Laws:
- What Apache makes of the file stays: names (but for the case of letters), words, comments, the
  order of all lines. Where a change of blanks could be one of meaning, they stay: in quotes, in
  arguments that a directive takes apart by itself, next to `${...}`, in `<Macro>`.
- Line breaks stay: a directive that goes over three lines does so afterwards.
- Sections are indented; names are spelled as in Apache's manual; words stand one blank apart; blank
  lines come singly, none at the ends of a section or of the file. Line ends are those of the first
  line. To lay out the result changes nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import field
from typing import Final

from revproxy.config.catalogue import Entry, catalogue
from revproxy.config.grammar import scan
from revproxy.config.lines import BLANKS, Source
from revproxy.records import dataclass

_BYTE_ORDER: Final = "\xef\xbb\xbf"
"""A byte order mark, in Latin-1."""
_SPLIT: Final = frozenset({
    "accessfilename", "allowoverride", "balancermember", "browsermatch", "browsermatchnocase",
    "directoryindex", "fileetag", "header", "options", "proxyhctemplate", "proxyhtmlurlmap",
    "proxypass", "proxypassmatch", "proxyset", "requestheader", "requestreadtimeout",
    "rewritecond", "rewriterule", "serveralias", "setenvif", "setenvifnocase", "ssloptions",
    "sslprotocol", "sslproxyprotocol",
})  # fmt: skip
"""Directives that take their arguments apart by themselves, and into words all the same."""
_ESCAPED_BLANK: Final = re.compile(rf"\\[{BLANKS}]")
_OWN_WORDS: Final = frozenset({"if", "elseif"})
"""Sections whose argument is an expression, blanks and all."""


def laid_out(text: str, *, indent: str = "    ") -> str:
    """The text (Latin-1) of a file in its canonical layout; one with a NUL stays as it is.

    What Apache reads of such a line depends on how it ends.
    """
    if "\0" in text:
        return text
    mark = _BYTE_ORDER if text.startswith(_BYTE_ORDER) else ""
    source = Source("", text.removeprefix(mark))
    end = "\r\n" if source.lines and source.lines[0].endswith("\r") else "\n"
    writer = _Writer(indent)
    for unit in _units(source):
        writer.add(unit)
    return mark + "".join(f"{line}{end}" for line in writer.lines)


@dataclass(slots=True)
class _Unit:
    """The physical lines of one logical line, without their line ends."""

    lines: list[str]
    text: str
    """Joined, without blanks around it."""
    starts: list[int]
    """Where each physical line begins in the text."""

    @property
    def is_blank(self) -> bool:
        return not self.text

    @property
    def is_comment(self) -> bool:
        return self.text.startswith("#")


def _units(source: Source) -> Iterator[_Unit]:
    index = 0
    while index < len(source.lines):
        first = index
        while index < len(source.lines) - 1 and source.continues(index):
            index += 1
        index += 1
        yield _unit(source, first, index)


def _unit(source: Source, first: int, end: int) -> _Unit:
    lines = [source.physical(index) for index in range(first, end)]
    joined = ""
    starts = []
    for index, line in enumerate(lines, first):
        starts.append(len(joined))
        joined += line.removesuffix("\\") if source.continues(index) else line
    if source.continues(end - 1):
        # Nothing is behind it to be joined.
        lines[-1] = lines[-1].removesuffix("\\")
    cut = len(joined) - len(joined.lstrip(BLANKS))
    return _Unit(lines, joined.strip(BLANKS), [start - cut for start in starts])


@dataclass(slots=True)
class _Writer:
    """Takes units in order and keeps the lines they become."""

    indent: str
    lines: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    """The names of the sections around, in lower case."""
    blank: bool = False
    """A blank line waits for something to stand behind it."""
    at_start: bool = True
    """Nothing stands in the section yet."""

    def add(self, unit: _Unit) -> None:
        """One logical line more."""
        if unit.is_blank and len(unit.lines) == 1:
            self.blank = True
            return
        if unit.is_blank:
            self._put(unit.lines)
        elif unit.is_comment:
            self._put(self._kept(unit))
        else:
            self._directive(unit)

    def _put(self, lines: list[str]) -> None:
        if self.blank and not self.at_start:
            self.lines.append("")
        self.blank = False
        self.at_start = False
        self.lines += lines

    def _directive(self, unit: _Unit) -> None:
        kind, tokens = scan(unit.text)
        spans = [(token.start, token.end) for token in tokens]
        first = unit.text[slice(*spans[0])]
        if kind == "close":
            self._close(unit, first, len(spans))
            return
        name = first[1:] if kind == "open" else first
        entry = catalogue().directives.get(name.lower())
        if entry is not None and entry.section is not (kind == "open"):
            entry = None
        words = self._words(unit, kind, spans, entry)
        self._put(self._kept(unit) if words is None else self._written(unit, words))
        if kind == "open":
            self.open.append(name.lower())
            self.at_start = True

    def _close(self, unit: _Unit, first: str, count: int) -> None:
        name = first[2:].removesuffix(">")
        if name.lower() in self.open:
            while self.open.pop() != name.lower():
                pass
        elif self.open:
            # It fits nothing: taken for a misspelled end of what is open.
            self.open.pop()
        self.blank = False
        entry = catalogue().directives.get(name.lower())
        if count > 1 or not first.endswith(">") or len(unit.lines) > 1 or entry is None:
            self._put(self._kept(unit))
        else:
            self._put([f"{self._margin}</{entry.name}>"])

    @property
    def _margin(self) -> str:
        return self.indent * len(self.open)

    def _words(
        self, unit: _Unit, kind: str, spans: list[tuple[int, int]], entry: Entry | None
    ) -> list[tuple[int, str]] | None:
        """The words and where they begin, None where the line is to stay but for its indent."""
        if entry is None or "${" in unit.text or "macro" in self.open:
            return None
        words = [(start, unit.text[start:end]) for start, end in spans]
        if kind == "open":
            start, tag = words.pop()
            if tag[:1] != ">" or tag.strip(BLANKS) != ">" or not words:
                return None
            if entry.name.lower() in _OWN_WORDS:
                rest = unit.text[spans[0][1] : start].strip(BLANKS)
                words = [words[0], *([(spans[1][0], rest)] if rest else [])]
            words[0] = (0, f"<{entry.name}")
            words[-1] = (words[-1][0], f"{words[-1][1]}>")
            return words
        words[0] = (0, entry.name)
        if entry.style == "RAW_ARGS" and not _is_in_words(unit.text) and len(spans) > 1:
            words[1:] = [(spans[1][0], unit.text[spans[1][0] :])]
        return words

    def _kept(self, unit: _Unit) -> list[str]:
        """The lines as they are, the first one indented."""
        first = unit.lines[0].lstrip(BLANKS)
        lines = [self._margin + first, *unit.lines[1:]]
        lines[-1] = _without_blanks_behind(lines[-1])
        return lines

    def _written(self, unit: _Unit, words: list[tuple[int, str]]) -> list[str]:
        """The words, each on the line where it stood."""
        if len(unit.lines) == 1:
            return [_without_blanks_behind(self._margin + " ".join(word for _, word in words))]
        bounds = [*unit.starts[1:], len(unit.text) + 1]
        rows: list[str] = []
        for low, high in itertools.pairwise((0, *bounds)):
            row = [(start, word) for start, word in words if max(low, 0) <= start < high]
            if not row or row[-1][0] + len(row[-1][1].rstrip(">")) > high:
                # A word over two lines, or a line without any.
                return self._kept(unit)
            rows.append(" ".join(word for _, word in row))
        last = len(rows) - 1
        return [
            _without_blanks_behind(self._margin + (self.indent if index else "") + row)
            + (" \\" if index < last else "")
            for index, row in enumerate(rows)
        ]


def _is_in_words(text: str) -> bool:
    """Whether a directive that takes its arguments apart by itself makes words of them too."""
    name, *words = text.split()
    key = name.lower()
    if key == "require":
        return "expr" not in (word.lower() for word in words[:2])
    # There a backslash makes a blank a part of the word.
    is_escaped = key.startswith("rewrite") and _ESCAPED_BLANK.search(text) is not None
    return key in _SPLIT and not is_escaped


def _without_blanks_behind(line: str) -> str:
    """The line without the blanks at its end, but for one behind a backslash: it joins nothing."""
    bare = line.rstrip(BLANKS)
    return f"{bare} " if bare.endswith("\\") else bare
