"""The way to a file: what there is, which sections and access files lie on it, which links.

Laws (Apache's `ap_directory_walk` and `ap_file_walk`):
- A section covers directories that are there; what stands behind a file is `path_info` and covers
  nothing.
- Whether a link may be followed is said by the Options of the directories above it: its own access
  file is not read before.
- `<Files>` of the server come first, then those that stand in directories, in the directories'
  order.
- Where every link may be followed and no access file can be, nothing is looked up but the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from revproxy.config.merge import Section
from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.plan.conditional import Entry, entry_of
from revproxy.plan.htaccess import AccessFiles
from revproxy.plan.match import Matcher
from revproxy.plan.sections import (
    Files,
    depth,
    directory_matcher,
    file_entries,
    option_changes,
    overrides_of,
)
from revproxy.records import dataclass
from revproxy.static.directives import DEFAULT_OPTIONS
from revproxy.static.find import Found, find, follow, may_follow_all, resolved
from revproxy.static.overrides import Overrides
from revproxy.static.signs import Change, sum_up


@dataclass(frozen=True, slots=True)
class Covering:
    """A `<Directory>` section: what it covers, how deep it stands, what it says on the way."""

    entry: Entry
    matches: Matcher
    depth: int
    """The number of directories in its path; -1 for a regex, which is merged last."""
    overrides: Overrides
    options: tuple[Change, ...]
    files: Files
    """The `<Files>` that stand in it."""


def coverings(sections: Iterable[Section]) -> list[Covering]:
    """The `<Directory>` sections as they are met: by depth, those that are regexes last."""
    found = [
        Covering(
            entry_of("directory", section),
            directory_matcher(section),
            -1 if section.scope.pattern is not None else depth(section),
            overrides_of(section),
            option_changes(section),
            file_entries(section.children),
        )
        for section in sections
    ]
    return sorted(found, key=lambda item: (item.depth < 0, item.depth))


def access_files_are_read(directories: Iterable[Covering]) -> bool:
    """Some directory may have an access file that says something."""
    closed = any(item.depth == 0 and not item.overrides.are_read for item in directories)
    said = [item.overrides for item in directories if item.depth > 0]
    return not closed or any(overrides.are_read and overrides != Overrides() for overrides in said)


class DirectoryWalk:
    """The sections of a virtual host that cover a request's file."""

    def __init__(
        self,
        directories: Sequence[Covering],
        files: Files,
        options: tuple[Change, ...],
        access_files: AccessFiles | None,
    ) -> None:
        self._plain = tuple(item for item in directories if item.depth >= 0)
        self._regexes = tuple(item for item in directories if item.depth < 0)
        self._files = files
        self._options = sum_up(options, DEFAULT_OPTIONS)
        self.access_files = access_files
        changes = (options, *(item.options for item in self._plain))
        self._is_direct = access_files is None and all(
            may_follow_all(sum_up(change, DEFAULT_OPTIONS)) for change in changes
        )

    def __call__(self, exchange: Exchange) -> list[Entry]:
        """The sections, as they are merged; the file and `path_info` are set.

        Raises HTTPError 403 and 500.
        """
        assert exchange.filename is not None
        name = resolved(exchange.filename)
        problem: HTTPError | None = None
        try:
            found = find(name)
        except HTTPError as error:
            if self._is_direct:
                raise
            # A directory above may have something else against it.
            found, problem = Found(name, None), error
        entries: list[Entry] = []
        files = list(self._files)
        if self._is_direct:
            deepest = _deepest(found, is_direct=True)
            for item in self._plain:
                if item.matches(deepest):
                    entries.append(item.entry)
                    files += item.files
        else:
            self._step(found, exchange, entries, files)
        if problem is not None:
            raise problem
        exchange.filename, exchange.path_info = found.name, found.path_info
        for item in self._regexes:
            if item.matches(found.name):
                entries.append(item.entry)
                files += item.files
        # Where nothing is there, the whole name counts: what is in force does not depend on it.
        file = name if found.info is None else found.name
        return entries + [entry for entry, matches in files if matches(file)]

    def _step(
        self,
        found: Found,
        exchange: Exchange,
        entries: list[Entry],
        files: list[tuple[Entry, Matcher]],
    ) -> None:
        """Go down to a file: look at the links, add what covers the directories."""
        options, overrides = self._options, Overrides()
        parts = found.name.rstrip("/").split("/")
        for level in range(len(parts)):
            here = "/".join(parts[: level + 1])
            is_direct = may_follow_all(options)
            if level and not is_direct:
                follow(here, options)
            if len(here) > len(_deepest(found, is_direct=is_direct)):
                return
            for item in self._plain:
                if item.depth == level and item.matches(here):
                    entries.append(item.entry)
                    files += item.files
                    overrides = item.overrides.over(overrides)
                    options = sum_up(item.options, options)
            if self.access_files is not None and overrides.are_read:
                read = self.access_files.read(f"{here}/", overrides, exchange)
                if read is not None:
                    entries.append(read.entry)
                    files += read.files
                    options = sum_up(read.options, options)


def _deepest(found: Found, *, is_direct: bool) -> str:
    """The deepest directory that sections can cover.

    A file that is there without looking at links is taken for one too: so does Apache.
    """
    if found.is_directory or (is_direct and found.info is not None and not found.path_info):
        return found.name.rstrip("/")
    return found.name.rpartition("/")[0]
