"""Small text files that access rules look things up in: users, groups."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class FileCache(Generic[T]):
    """What files say, read again when their modification time or size has changed."""

    def __init__(self, parse: Callable[[str], T]) -> None:
        self._parse = parse
        self._known: dict[str, tuple[tuple[int, int, int], T]] = {}

    def read(self, name: str) -> T:
        """The file's content, parsed. Raises OSError."""
        status = os.stat(name)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = self._known.get(name)
        if known is None or known[0] != stamp:
            text = Path(name).read_text(encoding="latin-1")
            known = self._known[name] = (stamp, self._parse(text))
        return known[1]


def lines_of(text: str) -> list[str]:
    """The lines of such a file. No octet but LF ends one: it could be part of a character."""
    return [line.strip() for line in text.split("\n")]
