"""The reading itself: the lines of files to a tree, with all that acts while reading.

Laws:
- Every mistake is a Diagnostic at its place, and reading goes on behind it: a closing tag that
  fits a section further out closes what is inside, one that fits nothing what is open.
- What is inside a false condition is looked at for its sections alone.
- A section ends in the file in which it began; what a Use brings stands in the file itself.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from revproxy.config import codes
from revproxy.config.acts import ACTS, State, macro_used
from revproxy.config.arity import arity_error
from revproxy.config.catalogue import Entry
from revproxy.config.conditions import CONDITIONS, holds
from revproxy.config.grammar import Parsed, parse_line
from revproxy.config.include import DEEPEST, files_named
from revproxy.config.lines import BLANKS, LONGEST_LINE, Line, Source, Stream, logical_lines
from revproxy.config.macro import Macro, check_parameters, doubtful
from revproxy.config.tree import Directive, FileRead
from revproxy.errors import DirectiveError, Location, NotThereError, Severity
from revproxy.records import dataclass

MOST_LINES: Final = 1_000_000
"""The lines that a configuration may have when its includes and macros are written out."""

_MACRO_TAG: Final = re.compile(rf"<(/?)macro(?=[{BLANKS}>]|\Z)", re.IGNORECASE)
_TREE_ONLY: Final = frozenset({"include", "includeoptional", "use"})
"""Directives that act and leave no trace in the tree but what they bring."""


_ROUNDS: Final = 3
"""How often a file may include itself: a condition may end it after the first time."""


_MOST_LOOPS: Final = 20
"""After so many, the rest is not read: files that include each other multiply."""


class _Loop(Exception):  # noqa: N818 - told as a Diagnostic where it is caught
    """A file includes itself without end."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Stop(Exception):  # noqa: N818 - told as a Diagnostic where it is raised
    """The rest cannot be read."""


@dataclass(slots=True)
class _Frame:
    """An open section, or a condition that is true, whose lines go to what is around it."""

    name: str
    children: list[Directive]
    location: Location
    is_condition: bool = False


class Reader:
    """One reading of a configuration."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.directives: list[Directive] = []
        self._chain: list[str] = []
        self._loops = 0
        self._lines = 0

    def open(self, path: str, via: Location | None) -> Source:
        """The lines of a file. Raises DirectiveError."""
        try:
            raw = path.encode("latin-1")
            if not (os.path.isfile(raw) or path == "/dev/null"):
                os.stat(raw)
                raise DirectiveError(
                    f"Could not open configuration file {path}: not a regular file", argument=0
                )
            text = Path(os.fsdecode(raw)).read_bytes().decode("latin-1")
        except OSError as error:
            raise DirectiveError(
                f"Could not open configuration file {path}: {error.strerror}", argument=0
            ) from None
        return self.source(path, text, via)

    def source(self, name: str, text: str, via: Location | None) -> Source:
        """The lines of a file; what Apache cannot read in them is told and left out."""
        self.state.reads.append(FileRead(name, via, len(self._chain)))
        source = Source(name, text, via)
        if text.startswith("\xef\xbb\xbf"):
            self.state.report(
                codes.ODD_BYTES,
                source.location(0),
                "the file begins with a byte order mark, which Apache takes for part of the first "
                "directive's name",
                "save the file without it",
            )
            source.lines[0] = source.lines[0][3:]
        if "\0" in text:
            for index, line in enumerate(source.lines):
                if "\0" in line:
                    self.state.warn(
                        codes.ODD_BYTES,
                        source.location(index),
                        "NUL in the line: Apache does not see what is behind it",
                    )
                    source.lines[index] = line[: line.index("\0")]
        if self.state.prepare is not None:
            source.prepare(self.state.prepare)
        self.state.texts[name] = source.lines
        return source

    def read_first(self, source: Source) -> None:
        """Read the file that all begins with."""
        self._chain.append(source.file)
        with contextlib.suppress(Stop):
            self.read(source, self.directives)

    def read(self, source: Source, children: list[Directive]) -> None:
        """Read a file into `children`."""
        frames = [_Frame("", children, Location(source.file, 1))]
        stream = Stream(logical_lines(source))
        for line in stream:
            self._lines += 1
            if self._lines > MOST_LINES or len(line.text) > LONGEST_LINE:
                what = "Line too long" if self._lines <= MOST_LINES else "too many lines"
                self.state.report(codes.ODD_BYTES, line.location, what)
                raise Stop
            parsed = parse_line(self.state.resolved(line))
            for word in parsed.unclosed:
                self.state.warn(
                    codes.UNTERMINATED_QUOTE,
                    word.location,
                    "the quote is not closed: the argument goes on to the end of the line",
                )
            if parsed.kind == "close":
                self._close(parsed, frames)
            elif parsed.kind == "open":
                self._open(parsed, frames, stream)
            else:
                self._directive(parsed, frames[-1].children, stream)
        for frame in frames[1:]:
            if frame.is_condition:
                self.state.warn(
                    codes.BROKEN_SECTION,
                    frame.location,
                    f"<{frame.name}> is not closed: it goes on to the end of the file",
                )
            else:
                self.state.report(
                    codes.BROKEN_SECTION, frame.location, f"<{frame.name}> was not closed."
                )

    def _fail(self, code: str, directive: Directive, error: DirectiveError) -> None:
        location = directive.location
        if error.argument is not None and error.argument < len(directive.args):
            location = directive.args[error.argument].location
        self.state.report(code, location, error.message, error.hint)

    def _entry(self, key: str, is_section: bool) -> Entry | None:
        """What the catalogue says, where a module that is there knows the directive."""
        entry = self.state.catalogue.directives.get(key)
        if entry is None or entry.section is not is_section:
            return None
        available = self.state.catalogue.is_available(entry, self.state.loaded)
        return entry if available else None

    def _directive(self, parsed: Parsed, children: list[Directive], stream: Stream) -> None:
        directive = Directive(parsed.name, parsed.args, parsed.raw, parsed.location)
        key = directive.key
        acts = key in ACTS or key in _TREE_ONLY
        if not acts or not (self.state.acts or key == "use"):
            children.append(directive)
            return
        entry = self._entry(key, is_section=False)
        if entry is None:
            children.append(directive)
            return
        wrong = arity_error(entry.style, entry.name, directive.values)
        if wrong is not None:
            self.state.report(codes.WRONG_ARGUMENTS, directive.location, wrong)
        elif key == "use":
            self._use(directive, stream)
        elif key in _TREE_ONLY:
            self._include(directive, children)
        else:
            children.append(directive)
            try:
                ACTS[key](self.state, directive)
            except DirectiveError as error:
                code = codes.BAD_MACRO if key == "undefmacro" else codes.BAD_VALUE
                if isinstance(error, NotThereError):
                    code = codes.NOT_THERE
                self._fail(code, directive, error)

    def _use(self, directive: Directive, stream: Stream) -> None:
        try:
            found = macro_used(self.state, directive)
            via = directive.args[0].location
            stream.put(found.name, found.use(directive.values[1:], via))
        except DirectiveError as error:
            self._fail(codes.BAD_MACRO, directive, error)

    def _include(self, directive: Directive, children: list[Directive]) -> None:
        optional = directive.key == "includeoptional"
        word = directive.args[0]
        found = False
        try:
            for path in files_named(word.text, self.state.server_root, optional=optional):
                found = True
                self._include_file(path, word.location, children)
        except DirectiveError as error:
            self._fail(codes.UNREADABLE_FILE, directive, error)
        else:
            if not found:
                self.state.report(
                    codes.INCLUDE_NO_MATCH,
                    word.location,
                    f"{word.text} names no file",
                    severity=Severity.INFO if optional else Severity.WARNING,
                )

    def _include_file(self, path: str, via: Location, children: list[Directive]) -> None:
        """Read a file where `via` names it; of one that goes round and round, nothing is kept."""
        source = self.open(path, via)
        times = self._chain.count(path)
        if times == _ROUNDS:
            raise _Loop(path)
        if len(self._chain) > DEEPEST:
            self.state.report(
                codes.UNREADABLE_FILE, via, f"Exceeded maximum include depth of {DEEPEST}"
            )
            raise Stop
        before = len(children), len(self.state.diagnostics), len(self.state.reads)
        self._chain.append(path)
        try:
            self.read(source, children)
        except _Loop as loop:
            if times != 1 or loop.path != path:
                raise
            del children[before[0] :]
            del self.state.diagnostics[before[1] :]
            del self.state.reads[before[2] :]
            self.state.report(
                codes.UNREADABLE_FILE,
                via,
                f"{path} is read already: it includes itself, by itself or by way of others",
            )
            self._loops += 1
            if self._loops == _MOST_LOOPS:
                raise Stop from None
        finally:
            self._chain.pop()

    def _open(self, parsed: Parsed, frames: list[_Frame], stream: Stream) -> None:
        key = parsed.name.lower()
        entry = self._entry(key, is_section=True)
        if parsed.end is None and (entry is not None or key not in CONDITIONS):
            self.state.report(
                codes.BROKEN_SECTION,
                parsed.location,
                f"<{parsed.name}> directive missing closing '>'",
            )
        elif parsed.end is not None and parsed.end[1:].strip(BLANKS + "\"'"):
            self.state.warn(
                codes.TRAILING_TEXT,
                parsed.location,
                f"text after the '>' of <{parsed.name}> is ignored: {parsed.end[1:].strip(BLANKS)}",
            )
        below: list[Directive] = []
        directive = Directive(parsed.name, parsed.args, parsed.raw, parsed.location, below)
        children = frames[-1].children
        if entry is not None and key == "macro":
            self._define_macro(directive, stream)
        elif entry is not None and key in CONDITIONS:
            true = False
            try:
                true = parsed.end is not None and holds(
                    entry.name, list(directive.values), self.state
                )
            except DirectiveError as error:
                self._fail(codes.BAD_VALUE, directive, error)
            if true:
                frames.append(_Frame(parsed.name, children, parsed.location, True))
            else:
                self._skip(directive, stream)
        else:
            children.append(directive)
            frames.append(_Frame(parsed.name, below, parsed.location))

    def _close(self, parsed: Parsed, frames: list[_Frame]) -> None:
        name, top = parsed.name, frames[-1]
        is_top = len(frames) > 1 and top.name.lower() == name.lower()
        if parsed.end is None or (top.is_condition and is_top and parsed.raw):
            self.state.report(
                codes.BROKEN_SECTION,
                parsed.location,
                f"</{name}> directive missing closing '>'"
                if parsed.end is None
                else f"text after </{name}>",
            )
        elif is_top:
            if parsed.raw:
                self.state.warn(
                    codes.TRAILING_TEXT, parsed.location, f"text after </{name}> is ignored"
                )
        elif len(frames) == 1 or top.is_condition:
            self.state.report(
                codes.BROKEN_SECTION,
                parsed.location,
                f"</{name}> without matching <{name}> section",
                f"<{top.name}> must be closed first" if len(frames) > 1 else "",
            )
        else:
            self.state.report(
                codes.BROKEN_SECTION,
                parsed.location,
                f"Expected </{top.name}> but saw </{name}>",
                related=((top.location, f"<{top.name}> begins here"),),
            )
        # A tag that fits nothing is taken for a misspelled end of what is open.
        keys = [frame.name.lower() for frame in frames[1:]]
        while len(frames) > 1:
            if frames.pop().name.lower() == name.lower() or name.lower() not in keys:
                break

    def _skip(self, directive: Directive, stream: Stream) -> None:
        """Read over the contents of a condition that is false."""
        open_names = [directive.name]
        for line in stream:
            if line.text[0] not in "<\"'":
                continue
            parsed = parse_line(line)
            name = parsed.name
            if parsed.kind == "directive" and name.startswith("<"):
                parsed.kind, name = "open", name.strip("<>")
            if parsed.kind == "open":
                open_names.append(name)
            elif parsed.kind == "close":
                keys = [item.lower() for item in open_names]
                if name.lower() != keys[-1] or parsed.end is None:
                    self.state.report(
                        codes.BROKEN_SECTION,
                        directive.location,
                        f"Expected </{open_names[-1]}> but saw </{name}{parsed.end or ''}",
                        related=((parsed.location, f"</{name}{parsed.end or ''} stands here"),),
                    )
                if name.lower() in keys:
                    while open_names.pop().lower() != name.lower():
                        pass
                if not open_names:
                    return
        self.state.report(
            codes.BROKEN_SECTION,
            directive.location,
            f"Expected </{open_names[-1]}> before end of configuration",
        )

    def _define_macro(self, directive: Directive, stream: Stream) -> None:
        body: list[Line] = []
        depth = 1
        for line in stream:
            tag = _MACRO_TAG.match(line.text)
            if tag is not None:
                closing = bool(tag[1])
                if not closing:
                    depth += 1
                elif line.text[tag.end() : tag.end() + 1] == ">":
                    depth -= 1
            if depth == 0:
                break
            body.append(line)
        values = directive.values
        name = values[0].lower() if values else ""
        if depth:
            self.state.report(
                codes.BAD_MACRO,
                directive.location,
                f"macro '{name}' contents error: expected token not found: </Macro>",
            )
            return
        try:
            check_parameters(name, values[1:])
        except DirectiveError as error:
            self._fail(codes.BAD_MACRO, directive, error)
            return
        new = Macro(name, values[1:], tuple(body), directive.args[0].location)
        self.state.diagnostics += doubtful(new)
        old = self.state.macros.get(name)
        if old is not None:
            self.state.warn(
                codes.BAD_MACRO, new.location, f"macro '{name}' is defined again, this one counts"
            )
        self.state.macros[name] = new
