"""What sections cover: the paths, files and URLs that their arguments stand for.

Laws:
- A path covers what is below it by segment; `*` and `?` match no slash but in `<Proxy>`.
- The `<Files>` of a `<Directory>` cover what both cover, and are merged before the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from revproxy.config.merge import Section, ServerConfig
from revproxy.module import ScopeKind
from revproxy.plan.match import Matcher, PathTable, path_wildcard, url_wildcard


def location_table(sections: Iterable[Section]) -> PathTable:
    """Which `<Location>` sections cover a path."""
    table = PathTable()
    for index, section in enumerate(sections):
        pattern = section.scope.pattern
        matcher = None if pattern is None else _searcher(pattern)
        table.add(index, section.scope.argument, matcher)
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


def file_sections(config: ServerConfig) -> list[tuple[Section, Matcher]]:
    """The Files sections: those within a Directory first, as they are merged before the others."""
    nested = [
        (child, _both(directory_matcher(directory), file_matcher(child)))
        for directory in config.directories
        for child in directory.children
        if child.scope.kind is ScopeKind.FILES
    ]
    return nested + [(section, file_matcher(section)) for section in config.files]


def _both(first: Matcher, second: Matcher) -> Matcher:
    return lambda subject: first(subject) and second(subject)


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
