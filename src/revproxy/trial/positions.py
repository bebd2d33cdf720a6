"""Where the keys and values of a TOML document stand.

tomllib reads a document but keeps no positions, and neither do the libraries beside it. This walks
a document that tomllib has accepted, and knows of its grammar just what tells values apart.

Laws:
- A path is the keys and indexes that lead to a value, as in ("case", 0, "expect", "status").
- Offsets count the characters of the text given.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Span: TypeAlias = tuple[int, int]
"""Where a thing begins, and where it ends."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'", re.DOTALL
)
_PLAIN: Final = re.compile(r"[^,\]}#\r\n]+")


class Positions:
    """The places of all keys and values of a document."""

    def __init__(self, text: str) -> None:
        """`text` is a document that tomllib accepts."""
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}
        self._text = text
        self._at = 0
        self._lists: dict[Path, int] = {}
        """The last index of each array of tables."""
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                return
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        assert match is not None
        self._at = match.end()

    def _header(self) -> Path:
        """A line with the name of a table, or of one more in an array of tables."""
        start = self._at
        is_list = self._text.startswith("[[", start)
        self._at += 2 if is_list else 1
        keys = self._key()
        self._skip(_INLINE)
        self._at += 2 if is_list else 1
        path: Path = ()
        for number, (name, span) in enumerate(keys, 1):
            path = (*path, name)
            self.keys.setdefault(path, span)
            if is_list and number == len(keys):
                self._lists[path] = self._lists.get(path, -1) + 1
            if path in self._lists:
                path = (*path, self._lists[path])
        self.keys.setdefault(path, (start, self._at))
        self.values.setdefault(path, (start, self._at))
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for name, span in self._key():
            path = (*path, name)
            self.keys.setdefault(path, span)
        self._skip(_INLINE)
        self._at += 1
        self._skip(_INLINE)
        self._value(path)

    def _key(self) -> list[tuple[str, Span]]:
        """A key's parts between its dots."""
        found = []
        while True:
            self._skip(_INLINE)
            start = self._at
            match = _BARE.match(self._text, start)
            if match is not None:
                name = match[0]
            else:
                match = _STRING.match(self._text, start)
                assert match is not None
                name = tomllib.loads(f"a = {match[0]}")["a"]
            self._at = match.end()
            found.append((name, (start, self._at)))
            self._skip(_INLINE)
            if not self._text.startswith(".", self._at):
                return found
            self._at += 1

    def _value(self, path: Path) -> None:
        start = self._at
        if self._text.startswith("[", start):
            self._array(path)
        elif self._text.startswith("{", start):
            self._inline_table(path)
        else:
            match = _STRING.match(self._text, start)
            if match is None:
                match = _PLAIN.match(self._text, start)
                assert match is not None
                self._at = start + len(match[0].rstrip())
            else:
                self._at = match.end()
        self.values[path] = (start, self._at)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self._text.startswith("]", self._at):
                self._at += 1
                return
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text.startswith("}", self._at):
                self._at += 1
                return
            self._pair(path)
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
