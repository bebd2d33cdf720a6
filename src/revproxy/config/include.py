"""The files that an Include names.

Laws:
- A relative name is below ServerRoot; a directory stands for all files below it, by name.
- A wildcard (`*`, `?`, `[…]`) may stand in any part of the path; matches come by name; a leading
  dot is matched by a dot alone. A part behind a wildcard must be there below every match.
- Include fails with Apache's message where nothing is found, IncludeOptional never.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import DirectiveError

DEEPEST: Final = 128
"""Apache's limit for files that include each other."""

_WILDCARD: Final = re.compile(r"[*?]|\[[^\]]*\]")


def files_named(name: str, server_root: str, *, optional: bool) -> Iterator[str]:
    """The files, in the order in which they are read. Raises DirectiveError."""
    path = os.path.join(server_root, name)
    if _WILDCARD.search(path) is None:
        yield from _below(os.path.normpath(path), optional, 0)
        return
    parts = [part for part in path.split("/") if part]
    yield from _matching("", parts, optional)


def _matching(directory: str, parts: list[str], optional: bool) -> Iterator[str]:
    plain = 0
    while plain < len(parts) and _WILDCARD.search(parts[plain]) is None:
        plain += 1
    directory = "/".join((directory, *parts[:plain]))
    if plain == len(parts):
        yield from _below(directory, optional, 0)
        return
    wildcard, rest = parts[plain], parts[plain + 1 :]
    pattern = re.compile(fnmatch.translate(wildcard))
    found = False
    for entry in _names(directory or "/", optional):
        if pattern.match(entry) is None or (entry[0] == "." and wildcard[0] != "."):
            continue
        path = f"{directory}/{entry}"
        if rest and not os.path.isdir(_encoded(path)):
            continue
        found = True
        if rest:
            yield from _matching(path, rest, optional)
        else:
            yield from _below(path, optional, 0)
    if not found and not optional:
        raise DirectiveError(
            f"Include/IncludeOptional: No matches for the wildcard '{wildcard}' in '{directory}', "
            "failing",
            argument=0,
            hint="IncludeOptional accepts that nothing is there",
        )


def _names(directory: str, optional: bool) -> list[str]:
    try:
        names = os.listdir(_encoded(directory))
    except OSError as error:
        if optional:
            return []
        raise DirectiveError(
            f"Include/IncludeOptional: Could not open directory {directory}: {error.strerror}",
            argument=0,
        ) from None
    return [name.decode("latin-1") for name in sorted(names)]


def _below(path: str, optional: bool, depth: int) -> Iterator[str]:
    if os.path.isdir(_encoded(path)):
        if depth == DEEPEST:
            raise DirectiveError(
                f"Directory {path} exceeds the maximum include directory nesting level of "
                f"{DEEPEST}. You have probably a recursion somewhere.",
                argument=0,
            )
        for name in _names(path, optional):
            yield from _below(f"{path.rstrip('/')}/{name}", optional, depth + 1)
    elif not optional or os.path.exists(_encoded(path)):
        yield path


def _encoded(path: str) -> bytes:
    return path.encode("latin-1")
