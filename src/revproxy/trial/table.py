"""A case file as tables whose mistakes have a place.

Laws:
- All mistakes of a file are collected; who reads on gets a value that does no harm.
- Texts are Latin-1, one character an octet, as everywhere: here they are made from UTF-8.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from revproxy.errors import Diagnostic, Location, Severity
from revproxy.trial.positions import Path, Positions

CODE: Final = "case-file"
Name: TypeAlias = str | int
"""A key of a table, or the index of a list that is looked at as one."""
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


class Source:
    """One case file: its text, and what is wrong with it."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.problems: list[Diagnostic] = []
        self._lines = data.decode("latin-1").replace("\r\n", "\n").split("\n")
        self._text = ""
        self._positions = Positions("")
        self.root = Table(self, (), self._read(data))

    def _read(self, data: bytes) -> dict[str, Any]:
        try:
            self._text = data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
            self.refuse(self._location(line, column, column + 1), "this is no UTF-8")
            return {}
        try:
            found = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            self._refuse_toml(str(error))
            return {}
        self._positions = Positions(self._text)
        return found

    def _refuse_toml(self, message: str) -> None:
        match = _PLACE.search(message)
        line, column = max(1, len(self._lines)), 1
        if match is not None and match[1]:
            line, column = int(match[1]), int(match[2])
        text = _PLACE.sub("", message).strip()
        column = len(self._text.split("\n")[line - 1][: column - 1].encode()) + 1
        self.refuse(self._location(line, column, column + 1), f"this is no TOML: {text}")

    def refuse(self, location: Location, message: str, hint: str = "") -> None:
        """Remember a mistake."""
        self.problems.append(Diagnostic(CODE, Severity.ERROR, location, message, hint))

    def key(self, path: Path) -> Location:
        """Where a key stands; the one around it for what was not written as one."""
        return self._span(self._positions.keys, path)

    def value(self, path: Path) -> Location:
        """Where a value stands."""
        return self._span(self._positions.values, path)

    def _span(self, table: dict[Path, tuple[int, int]], path: Path) -> Location:
        while path and path not in table:
            path = path[:-1]
        start, end = table.get(path, (0, 0))
        line = self._text.count("\n", 0, start) + 1
        begin = self._text.rfind("\n", 0, start) + 1
        stop = self._text.find("\n", start, end)
        column = len(self._text[begin:start].encode()) + 1
        length = len(self._text[start : end if stop < 0 else stop].encode())
        return self._location(line, column, column + length)

    def _location(self, line: int, column: int, end: int) -> Location:
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return Location(self.name, line, column, end, text)


class Table:
    """One table of a case file."""

    def __init__(self, source: Source, path: Path, data: dict[Any, Any]) -> None:
        self._source = source
        self.path = path
        self._data = data

    def __contains__(self, name: Name) -> bool:
        return name in self._data

    @property
    def location(self) -> Location:
        """Where the table begins."""
        return self._source.key(self.path)

    def place(self, name: Name) -> Location:
        """Where a key stands."""
        return self._source.key((*self.path, name))

    def get(self, name: Name) -> Any:
        """A value as TOML has it, None where it is not there."""
        return self._data.get(name)

    def refuse(self, name: Name, message: str, hint: str = "") -> None:
        """Remember a mistake in a value."""
        self._source.refuse(self._source.value((*self.path, name)), message, hint)

    def refuse_whole(self, message: str, hint: str = "") -> None:
        """Remember a mistake of the table."""
        self._source.refuse(self.location, message, hint)

    def only(self, *known: str) -> None:
        """Refuse keys that nobody knows, with the nearest that is known."""
        for name in self._data:
            if name not in known:
                near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
                self._source.refuse(self.place(name), f"unknown key '{octets(name)}'", hint)

    def names(self) -> list[Any]:
        """The keys as they are written."""
        return list(self._data)

    def listed(self, name: str) -> Table:
        """A list as a table by index."""
        return Table(self._source, (*self.path, name), dict(enumerate(self._data[name])))

    def text(self, name: Name, default: str = "") -> str:
        """A text."""
        value = self._data.get(name, default)
        return octets(value) if isinstance(value, str) else self._wrong(name, "a text", default)

    def flag(self, name: str) -> bool:
        """true or false, false where it is not there."""
        value = self._data.get(name, False)
        return value if isinstance(value, bool) else self._wrong(name, "true or false", False)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number."""
        value = self._data.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self._wrong(name, f"a number from {low} to {high}", default)
        return default

    def texts(self, name: Name) -> tuple[str, ...]:
        """A text or a list of them."""
        value = self._data.get(name, [])
        found = value if isinstance(value, list) else [value]
        if all(isinstance(item, str) for item in found):
            return tuple(map(octets, found))
        self._wrong(name, "a text or a list of texts", ())
        return ()

    def table(self, name: Name) -> Table:
        """A table, an empty one where it is not there."""
        value = self._data.get(name, {})
        if not isinstance(value, dict):
            value = self._wrong(name, "a table", {})
        return Table(self._source, (*self.path, name), value)

    def tables(self, name: str) -> list[Table]:
        """An array of tables."""
        value = self._data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            value = self._wrong(name, f"an array of tables, as [[{name}]] makes it", [])
        return [
            Table(self._source, (*self.path, name, index), item) for index, item in enumerate(value)
        ]

    def _wrong(self, name: Name, what: str, default: Any) -> Any:
        self.refuse(name, f"'{octets(str(name))}' takes {what}")
        return default


def octets(text: str) -> str:
    """A text as Latin-1 has its octets in UTF-8."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
