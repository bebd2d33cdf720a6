"""The files of a configuration, below those that include them: what DUMP_INCLUDES tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from revproxy.dump.places import place
from revproxy.plan.load import Loaded


def as_text(loaded: Loaded) -> Iterator[str]:
    """One file a line, with the line of the Include in the file above."""
    yield "Included configuration files:"
    for read in loaded.configuration.reads:
        line = "*" if read.via is None else str(read.via.line)
        yield f"{'  ' * (read.depth + 1)}({line}) {read.name}"


def as_data(loaded: Loaded) -> dict[str, Any]:
    """The same for programs."""
    return {
        "files": [
            {"name": read.name, "depth": read.depth, "included_from": place(read.via)}
            for read in loaded.configuration.reads
        ]
    }
