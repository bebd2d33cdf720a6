"""Which virtual host and which sections a request belongs to, found without walking lists.

Laws:
- The answer is Apache's: first match in file order for names, every match in file order for
  Location; the cost is that of a few dictionary look-ups, whatever the number of entries.
- What cannot be indexed (regexes, wildcards) is walked, and only that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from revproxy.http.uri import merge_slashes, prefix_length, split_host

T = TypeVar("T")
_CACHE_ENTRIES: Final = 4096
_WILDCARD: Final = re.compile(r"[*?\[]").search

Matcher = Callable[[str], bool]


class NameTable(Generic[T]):
    """Entries by host name: exact names and aliases with `*` and `?`; the first entry wins."""

    def __init__(self, default: T) -> None:
        self.default = default
        """Who answers for a name that nobody has."""
        self.is_shared = False
        """More than one has the address: who is meant must be told by name."""
        self._exact: dict[str, tuple[int, T]] = {}
        self._wild: list[tuple[int, Matcher, T]] = []
        self.paths: list[tuple[str, T]] = []
        """ServerPath, for clients that name no host."""
        self._known: dict[str, tuple[str, int | None, T | None]] = {}

    def add(self, order: int, name: str, entry: T) -> None:
        """Let `entry` have `name`; a lower `order` wins."""
        self.is_shared = self.is_shared or entry is not self.default
        key = name.lower().removesuffix(".")
        if "*" in key or "?" in key:
            self._wild.append((order, _wildcard_matcher(key), entry))
            self._wild.sort(key=lambda item: item[0])
        elif key not in self._exact or order < self._exact[key][0]:
            self._exact[key] = (order, entry)

    def by_path(self, path: str) -> T:
        """Who answers for a path where no host is named (ServerPath)."""
        for prefix, entry in self.paths:
            if prefix_length(path, prefix):
                return entry
        return self.default

    def by_host(self, field: str) -> tuple[str, int | None, T | None]:
        """For a Host field: its name, its port, and the entry that has the name."""
        known = self._known.get(field)
        if known is None:
            if len(self._known) >= _CACHE_ENTRIES:
                self._known.clear()
            name, port = split_host(field)
            known = self._known[field] = (name, port, self.find(name))
        return known

    def find(self, name: str) -> T | None:
        """The entry that has `name` (lower case), None where none has."""
        best = self._exact.get(name)
        for order, matches, entry in self._wild:
            if best is not None and order > best[0]:
                break
            if matches(name):
                best = (order, entry)
                break
        return best[1] if best is not None else None


def _wildcard_matcher(pattern: str) -> Matcher:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    fullmatch = re.compile("".join(parts), re.DOTALL).fullmatch
    return lambda name: fullmatch(name) is not None


class PathTable(Generic[T]):
    """The Location sections of a server: which of them cover a path, in file order."""

    def __init__(self) -> None:
        self.entries: list[T] = []
        """In file order."""
        self._by_prefix: dict[str, list[int]] = {}
        self._others: list[tuple[int, Matcher]] = []

    def __bool__(self) -> bool:
        return bool(self.entries)

    def add(self, entry: T, path: str, matcher: Matcher | None) -> None:
        """`entry` covers `path` by segment, or what `matcher` says."""
        index = len(self.entries)
        self.entries.append(entry)
        if matcher is None and _WILDCARD(path):
            matcher = path_wildcard(path)
        if matcher is None:
            self._by_prefix.setdefault(merge_slashes(path), []).append(index)
        else:
            self._others.append((index, matcher))

    def find(self, path: str, unmerged: str | None = None) -> list[T]:
        """The entries of all sections that cover `path`.

        `unmerged` is the path before slashes were merged, which is what regexes see.
        """
        found: list[int] = []
        known = self._by_prefix
        if known:
            merged = merge_slashes(path)
            found += known.get(merged, ())
            end = merged.rfind("/")
            while end >= 0:
                if end + 1 != len(merged):
                    found += known.get(merged[: end + 1], ())
                if end:
                    found += known.get(merged[:end], ())
                end = merged.rfind("/", 0, end)
        subject = path if unmerged is None else unmerged
        found += (index for index, matches in self._others if matches(subject))
        found.sort()
        entries = self.entries
        return [entries[index] for index in found]


def path_wildcard(pattern: str) -> Matcher:
    """fnmatch with `*` and `?` not matching `/` (FNM_PATHNAME), on whole segments."""
    expression = _fnmatch_expression(pattern, slash=False)
    fullmatch = re.compile(expression, re.DOTALL).fullmatch
    return lambda path: fullmatch(path) is not None


def url_wildcard(pattern: str) -> Matcher:
    """fnmatch with `*` crossing slashes, as `<Proxy>` has it; a prefix counts."""
    fullmatch = re.compile(_fnmatch_expression(pattern, slash=True), re.DOTALL).fullmatch
    return lambda url: fullmatch(url) is not None


_CLASS: Final = re.compile(r"\[([!^]?)(\]?[^\]]*)\]")


def _fnmatch_expression(pattern: str, *, slash: bool) -> str:
    """A shell pattern as a regex; `slash` lets `*`, `?` and classes match a slash."""
    anything = "." if slash else "[^/]"
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        members = _CLASS.match(pattern, position) if char == "[" else None
        if members is not None:
            inner = members[2].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
            parts.append(_class(f"[{'^' if members[1] else ''}{inner}]", members[0]))
            position = members.end()
            continue
        if char == "\\" and position + 1 < len(pattern):
            position += 1
            parts.append(re.escape(pattern[position]))
        else:
            parts.append({"*": anything + "*", "?": anything}.get(char) or re.escape(char))
        position += 1
    return "".join(parts)


def _class(written: str, literal: str) -> str:
    """A class that does not match a slash; one with a range turned round is taken literally."""
    try:
        re.compile(written)
    except re.error:
        return re.escape(literal)
    return f"(?!/){written}"
