"""What rules ask of access control: whether a place is guarded, and by what."""

from __future__ import annotations

from collections.abc import Iterator

from revproxy.config.tree import Directive
from revproxy.lint.mappings import location_path
from revproxy.lint.rule import Line, ServerLines


def restricts(section: Directive) -> bool:
    """Whether something in it may refuse a client."""
    return any(is_restriction(item) for item in section.walk())


def is_restriction(item: Directive) -> bool:
    """Whether a line refuses some clients: a Require of something, Deny, RequireNone."""
    words = tuple(word.lower() for word in item.values)
    if item.key == "require":
        return words != ("all", "granted")
    if item.key == "order":
        return words in {("allow,deny",), ("mutual-failure",)}
    return item.key in ("deny", "requirenone", "authtype", "sslrequire", "sslverifyclient")


def guarded_paths(server: ServerLines) -> Iterator[tuple[str, Line]]:
    """The paths of `<Location>`s with a restriction in them, and a line of each."""
    for line in server.in_force("location"):
        path, is_regex = location_path(line.directive)
        if not is_regex and restricts(line.directive):
            yield path, line
