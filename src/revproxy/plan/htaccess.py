"""`.htaccess`: the directives that stand in the directories themselves, read as requests come by.

Laws:
- Read are those of the directories on the way to a file, where AllowOverride (or AllowOverrideList)
  lets them hold anything; each is merged behind the `<Directory>` sections of its directory.
- A file that is wrong is 500 for all below it, told in the error log with file, line and column;
  one that cannot be read is 403.
- A file is read once, until its time, its size or what it may hold changes.
- Where AllowOverride is None everywhere there is no object of this class.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from revproxy.config.access import AccessFileReader
from revproxy.config.merge import Section
from revproxy.errors import Diagnostic, HTTPError, Severity
from revproxy.http.message import Exchange
from revproxy.module import ScopeKind
from revproxy.pattern import Pattern
from revproxy.plan.conditional import Conditional, conditionals
from revproxy.plan.match import Matcher
from revproxy.plan.plan import SectionKey
from revproxy.static.find import file_of
from revproxy.static.overrides import Overrides

_MOST_KEPT: Final = 1000
"""Files that are remembered; a server with more directories than that reads some again."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file said: the keys of its section and of those in it, or that it is wrong."""

    stamp: Stamp
    key: SectionKey | None
    files: tuple[tuple[SectionKey, Matcher], ...] = ()


@dataclass(frozen=True, slots=True)
class Covering:
    """A `<Directory>` section: what it covers, how deep it stands, what it says of overrides."""

    key: SectionKey
    matches: Matcher
    depth: int
    """The number of directories in its path; -1 for a regex, which is merged last."""
    overrides: Overrides


class AccessFiles:
    """The access files of a virtual host."""

    def __init__(
        self,
        names: tuple[str, ...],
        directories: tuple[Covering, ...],
        reader: AccessFileReader,
        file_matcher: Callable[[Section], Matcher],
        sections: dict[str, dict[int, Section]],
        section_ifs: dict[SectionKey, tuple[Conditional, ...]],
        named: dict[SectionKey, Pattern],
    ) -> None:
        self._names = names
        self._directories = directories
        self._reader = reader
        self._file_matcher = file_matcher
        self._sections = sections
        self._section_ifs = section_ifs
        self._named = named
        self._known: dict[tuple[str, Overrides], _Read] = {}
        self._number = 0

    def keys(self, exchange: Exchange) -> tuple[list[SectionKey], list[SectionKey]]:
        """The sections of the directories of a request's file, and the `<Files>` in its .htaccess.

        Raises HTTPError 403 and 500.
        """
        name = exchange.filename
        assert name is not None
        keys: list[SectionKey] = []
        files: list[SectionKey] = []
        covering = [item for item in self._directories if item.matches(name)]
        plain = [item for item in covering if item.depth >= 0]
        overrides = Overrides()
        file = file_of(name)
        parts = file.rstrip("/").split("/")
        for depth in range(len(parts)):
            for item in plain:
                if item.depth == depth:
                    keys.append(item.key)
                    overrides = item.overrides.over(overrides)
            if overrides.are_read:
                found = self._of_directory("/".join(parts[: depth + 1]) + "/", overrides, exchange)
                if found is not None and found.key is not None:
                    keys.append(found.key)
                    files += (key for key, matches in found.files if matches(file))
        keys += (item.key for item in covering if item.depth < 0)
        return keys, files

    def _of_directory(
        self, directory: str, overrides: Overrides, exchange: Exchange
    ) -> _Read | None:
        """What the first access file that is there says."""
        for name in self._names:
            path = directory + name
            try:
                info = os.stat(path.encode("latin-1"))
            except (FileNotFoundError, NotADirectoryError, ValueError):
                continue
            except OSError as error:
                raise _unreadable(path, error, exchange) from None
            stamp = info.st_mtime_ns, info.st_size, info.st_ino
            known = self._known.get((path, overrides))
            if known is None or known.stamp != stamp:
                known = self._load(path, directory, overrides, stamp, exchange)
            if known.key is None:
                raise HTTPError(500)
            return known
        return None

    def _load(
        self, path: str, directory: str, overrides: Overrides, stamp: Stamp, exchange: Exchange
    ) -> _Read:
        try:
            section, findings = self._reader.read(
                path,
                directory,
                classes=overrides.classes or frozenset(),
                names=overrides.names or frozenset(),
                options=overrides.options,
                nonfatal=overrides.nonfatal,
            )
        except OSError as error:
            raise _unreadable(path, error, exchange) from None
        _tell(findings, exchange)
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        known = _Read(stamp, None) if section is None else self._kept(section, stamp)
        self._known[path, overrides] = known
        return known

    def _kept(self, section: Section, stamp: Stamp) -> _Read:
        """Number a section and those in it, so that request plans can be made of them."""
        key = self._add("htaccess", section)
        files = [
            (self._add("files", child), self._file_matcher(child))
            for child in section.children
            if child.scope.kind is ScopeKind.FILES
        ]
        return _Read(stamp, key, tuple(files))

    def _add(self, kind: str, section: Section) -> SectionKey:
        self._number += 1
        key = (kind, -self._number)
        self._sections[kind][-self._number] = section
        pattern = section.scope.pattern
        if pattern is not None and pattern.groupindex:
            self._named[key] = pattern
        known = self._sections["if"]
        conditional = list(known.values())
        found = conditionals(section.children, conditional)
        if found:
            self._section_ifs[key] = found
            known.update(enumerate(conditional))
        return key


def _tell(findings: list[Diagnostic], exchange: Exchange) -> None:
    """Log what is wrong with a file, with its place."""
    log = exchange.server.error_log
    if log is None:
        return
    for item in findings:
        level = "alert" if item.severity is Severity.ERROR else "warn"
        hint = f" ({item.hint})" if item.hint else ""
        log.log(level, "core", f"{item.location}: {item.message}{hint}", exchange=exchange)


def _unreadable(path: str, error: OSError, exchange: Exchange) -> HTTPError:
    log = exchange.server.error_log
    if log is not None:
        text = (
            f"{path}: unable to check htaccess file, ensure it is readable and that "
            f"'{os.path.dirname(path)}/' is executable: {error.strerror}"
        )
        log.log("crit", "core", text, exchange=exchange)
    return HTTPError(403, "Server unable to read htaccess file, denying access to be safe")
