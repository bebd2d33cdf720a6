"""Which files are meant by a name: the file itself, or those of a directory.

Laws:
- A directory with `apache2.conf` or `httpd.conf` (or `conf/` with one) is a server's: that file
  is read, with what it includes, and the directory is its ServerRoot.
- What Debian's `envvars` beside it exports is known, as apache2ctl makes it; the environment of who
  asks goes first.
- Of any other directory all `*.conf` below are read but those that another of them includes.
  Hidden directories are left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

_EXPORT: Final = re.compile(r"\s*export\s+(?P<name>\w+)=(?P<value>\S*)")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")
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


def exported(directory: str) -> dict[str, str]:
    """What the file `envvars` of a server's directory exports, variables written out."""
    known: dict[str, str] = {}
    try:
        with open(os.path.join(directory, "envvars"), encoding="latin-1") as file:
            lines = file.readlines()
    except OSError:
        return known
    for line in lines:
        match = _EXPORT.match(line)
        if match is not None:
            value = match["value"].strip("\"'")
            known[match["name"]] = _VARIABLE.sub(lambda found: known.get(found[1], ""), value)
    return known


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
