"""Where things stand, for lists."""

from __future__ import annotations

from typing import Any

from revproxy.errors import Location


def shown(location: Location) -> str:
    """File and line, as Apache writes them."""
    return f"{location.file}:{location.line}"


def place(location: Location | None) -> dict[str, Any]:
    """The same for programs."""
    if location is None:
        return {"file": None, "line": None}
    return {"file": location.file, "line": location.line}
