"""The modules in force: what `apache2ctl -M` tells, with the line that loads each.

Laws:
- Those of every server come first, then those that are loaded, in the order of the file.
- A file that loads none finds every module: it is a snippet for some server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from revproxy.config.catalogue import SERVED_HERE, ModuleEntry, catalogue
from revproxy.dump.places import place, shown
from revproxy.errors import Location
from revproxy.plan.load import Loaded, implemented
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A module in force."""

    identifier: str
    name: str
    is_static: bool
    location: Location | None
    """Its LoadModule; None where none is needed."""
    served: int
    directives: int
    """How many of its directives are served, of how many it has."""


def rows(loaded: Loaded) -> Iterator[Row]:
    """The modules in force, in Apache's order."""
    known = catalogue()
    served = implemented() | SERVED_HERE
    for module in known.modules.values():
        if module.static and module.identifier:
            yield _row(module, None, served)
    if not loaded.configuration.whole:
        for module in known.modules.values():
            if module.name in known.all_modules and module.identifier and not module.static:
                yield _row(module, None, served)
        return
    seen = set()
    for directive in loaded.configuration.walk():
        if directive.key != "loadmodule" or not directive.args:
            continue
        identifier = directive.values[0]
        found = known.by_identifier.get(identifier)
        if identifier in seen or (found is not None and found.static):
            continue
        seen.add(identifier)
        if found is None:
            yield Row(identifier, "", False, directive.location, 0, 0)
        else:
            yield _row(found, directive.location, served)


def _row(module: ModuleEntry, location: Location | None, known: frozenset[str]) -> Row:
    names = [key for key, entry in catalogue().directives.items() if entry.module == module.name]
    served = sum(name in known for name in names)
    return Row(module.identifier, module.name, module.static, location, served, len(names))


def as_text(loaded: Loaded) -> Iterator[str]:
    """One module a line, after Apache's "name (static|shared)" what is known of it."""
    yield "Loaded Modules:"
    for row in rows(loaded):
        linked = "static" if row.is_static else "shared"
        where = f"  {shown(row.location)}" if row.location is not None else ""
        if not row.name:
            note = "  not known here"
        elif row.directives:
            note = f"  {row.served} of {row.directives} directives are served"
        else:
            note = ""
        yield f" {row.identifier} ({linked}){where}{note}"
    if not loaded.configuration.whole:
        yield "(the file is a snippet: every module is there)"


def as_data(loaded: Loaded) -> dict[str, Any]:
    """The same for programs."""
    return {
        "whole": loaded.configuration.whole,
        "modules": [
            {
                "identifier": row.identifier,
                "name": row.name or None,
                "static": row.is_static,
                **place(row.location),
                "served": row.served,
                "directives": row.directives,
            }
            for row in rows(loaded)
        ],
    }
