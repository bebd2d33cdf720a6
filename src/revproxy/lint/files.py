"""Which files are meant by a name: the file itself, or those of a directory.

Laws:
- A directory with `apache2.conf` or `httpd.conf` (or `conf/` with one) is a server's: that file
  is read, with what it includes, and the directory is its ServerRoot.
- Of any other directory all `*.conf` below are read but those that another of them includes.
  Hidden directories are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

ROOTS: Final = ("apache2.conf", "httpd.conf", "conf/apache2.conf", "conf/httpd.conf")
_TEMPLATES: Final = (
    ".erb",
    ".epp",
    ".j2",
    ".jinja",
    ".jinja2",
    ".tmpl",
    ".tpl",
    ".in",
    ".template",
)


def files_in(directory: str, *, template: bool = False) -> tuple[list[str], bool]:
    """The files of a directory, by name, and whether they are one server's root."""
    for name in ROOTS:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return [path], True
    return below(directory, template=template), False


def below(directory: str, *, template: bool = False) -> list[str]:
    """All configurations of a directory, by name."""
    return sorted(_below(directory, template))


def _below(directory: str, template: bool) -> Iterator[str]:
    for folder, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            bare = name
            if template and name.endswith(_TEMPLATES):
                bare = name.rpartition(".")[0]
            if bare.endswith(".conf") and not name.startswith("."):
                yield os.path.join(folder, name)
