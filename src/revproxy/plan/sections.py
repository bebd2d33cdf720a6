"""What sections cover and say: the paths, files and URLs that their arguments stand for.

Laws:
- A path covers what is below it by segment; `*` and `?` match no slash but in `<Proxy>`.
- A `<Directory>` is compared with directories that have no slash at their end: "" is the root.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from revproxy.config.merge import Section
from revproxy.module import ScopeKind, value_or
from revproxy.modules import core
from revproxy.plan.conditional import Entry, entry_of
from revproxy.plan.match import Matcher, PathTable, path_wildcard, url_wildcard
from revproxy.static.overrides import Overrides
from revproxy.static.signs import Change

Files = tuple[tuple[Entry, Matcher], ...]
"""`<Files>` sections and what they cover."""


def location_table(sections: Iterable[Section]) -> PathTable[Entry]:
    """Which `<Location>` sections cover a path."""
    table: PathTable[Entry] = PathTable()
    for section in sections:
        pattern = section.scope.pattern
        matcher = None if pattern is None else _searcher(pattern)
        table.add(entry_of("location", section), section.scope.argument, matcher)
    return table


def _searcher(pattern: Any) -> Matcher:
    search = pattern.search
    return lambda subject: search(subject) is not None


def url_matcher(section: Section) -> Matcher:
    """Whether a `<Proxy>` section covers a URL."""
    argument = section.scope.argument
    if section.scope.pattern is not None:
        return _searcher(section.scope.pattern)
    if "*" in argument or "?" in argument:
        return url_wildcard(argument)
    return lambda url: url.startswith(argument)


def directory_matcher(section: Section) -> Matcher:
    """Whether a `<Directory>` section covers a file."""
    if section.scope.pattern is not None:
        return _searcher(section.scope.pattern)
    argument = section.scope.argument.rstrip("/")
    if "*" in argument or "?" in argument or "[" in argument:
        matches = path_wildcard(argument)
        depth = argument.count("/")
        return lambda name: matches("/".join(name.split("/")[: depth + 1]))
    prefix = argument + "/"
    return lambda name: name.startswith(prefix) or name == argument


def depth(section: Section) -> int:
    """How many directories deep a section's path is; those of one depth stay in file order."""
    return section.scope.argument.rstrip("/").count("/")


def file_entries(sections: Iterable[Section]) -> Files:
    """The `<Files>` among sections."""
    return tuple(
        (entry_of("files", section), file_matcher(section))
        for section in sections
        if section.scope.kind is ScopeKind.FILES
    )


def option_changes(section: Section) -> tuple[Change, ...]:
    """What a section changes of Options."""
    return value_or(_core(section).option_changes, ())


def overrides_of(section: Section) -> Overrides:
    """What a section says of access files."""
    return value_or(_core(section).overrides, Overrides())


def _core(section: Section) -> core.Settings:
    settings: core.Settings | None = section.settings.get("core")
    return core.Settings() if settings is None else settings


def file_matcher(section: Section) -> Matcher:
    """What compares the last segment of a file's name."""
    argument = section.scope.argument
    if section.scope.pattern is not None:
        matches = _searcher(section.scope.pattern)
    elif "*" in argument or "?" in argument or "[" in argument:
        matches = path_wildcard(argument)
    else:
        return lambda name: name.rpartition("/")[2] == argument
    return lambda name: matches(name.rpartition("/")[2])
