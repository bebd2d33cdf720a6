"""`.htaccess`: the directives that stand in the directories themselves, read as requests come by.

Laws:
- A file that is wrong is 500 for all below it, told in the error log with file, line and column;
  one that cannot be read is 403.
- A file is read once, until its time, its size or what it may hold changes.
- What is given up, because it changed or because others were asked for since, leaves nothing
  behind: neither its sections nor the request plans that were made of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from revproxy.config.access import AccessFileReader
from revproxy.errors import Diagnostic, HTTPError, Severity
from revproxy.http.message import Exchange
from revproxy.plan.conditional import Entry, entry_of
from revproxy.plan.plan import PlanCache
from revproxy.plan.sections import Files, file_entries, option_changes
from revproxy.records import dataclass
from revproxy.static.overrides import Overrides
from revproxy.static.signs import Change

MOST_KEPT: Final = 1000
"""Files that are remembered; a server with more directories than that reads some again."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class AccessFile:
    """What a file said, as of its `stamp`."""

    stamp: Stamp
    entry: Entry
    files: Files
    """The `<Files>` in it."""
    options: tuple[Change, ...]


class AccessFiles:
    """The access files of a virtual host."""

    def __init__(self, names: Sequence[str], reader: AccessFileReader, plans: PlanCache) -> None:
        self._names = names
        self._reader = reader
        self._plans = plans
        self._known: dict[tuple[str, Overrides], AccessFile | Stamp] = {}
        """In the order of their last use; of a file that is wrong, its stamp alone."""

    def __len__(self) -> int:
        return len(self._known)

    def read(self, directory: str, overrides: Overrides, exchange: Exchange) -> AccessFile | None:
        """What the first access file of a directory says, None where there is none.

        Raises HTTPError 403 and 500.
        """
        for name in self._names:
            path = directory + name
            try:
                info = os.stat(path.encode("latin-1"))
            except (FileNotFoundError, NotADirectoryError, ValueError):
                continue
            except OSError as error:
                raise _unreadable(path, error, exchange) from None
            stamp = info.st_mtime_ns, info.st_size, info.st_ino
            key = path, overrides
            known = self._known.pop(key, None)
            if known is None or stamp != (known.stamp if isinstance(known, AccessFile) else known):
                self._give_up(known)
                known = self._load(path, directory, overrides, stamp, exchange)
            self._known[key] = known
            if not isinstance(known, AccessFile):
                raise HTTPError(500)
            return known
        return None

    def _load(
        self, path: str, directory: str, overrides: Overrides, stamp: Stamp, exchange: Exchange
    ) -> AccessFile | Stamp:
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
        while len(self._known) >= MOST_KEPT:
            self._give_up(self._known.pop(next(iter(self._known))))
        if section is None:
            return stamp
        entry = entry_of("directory", section)
        return AccessFile(stamp, entry, file_entries(section.children), option_changes(section))

    def _give_up(self, known: AccessFile | Stamp | None) -> None:
        """Let go the request plans that a file's sections have made."""
        if isinstance(known, AccessFile):
            self._plans.forget({known.entry, *(entry for entry, _ in known.files)})


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
