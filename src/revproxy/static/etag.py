"""Entity tags of files (FileETag).

Laws:
- The form is Apache's: inode, size and time of change in hexadecimal, joined by hyphens.
- A file that changed within the second before the request has a weak one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from revproxy.static.signs import Change, sum_up

_PARTS: Final = ("INode", "MTime", "Size")
_NAMES: Final = {name.lower(): name for name in _PARTS}
DEFAULT_PARTS: Final = frozenset(("MTime", "Size"))


def parse_file_etag(words: Iterable[str]) -> tuple[Change, ...]:
    """The arguments of FileETag as changes to what is inherited. Raises ValueError."""
    changes: list[Change] = []
    for word in words:
        sign, name = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
        key = name.lower()
        if not sign and not any(change[0] == "=" for change in changes):
            changes.insert(0, ("=", ""))
        if key == "none" and not sign:
            continue
        if key == "all" and not sign:
            changes += [("+", part) for part in _PARTS]
        elif key in _NAMES:
            changes.append((sign or "+", _NAMES[key]))
        elif key == "digest":
            raise ValueError("FileETag Digest is not implemented")
        else:
            raise ValueError(f"Unknown keyword '{word}' for FileETag directive")
    return tuple(changes)


def effective_parts(changes: Iterable[Change]) -> frozenset[str]:
    """The parts in force after all changes, outer to inner."""
    return sum_up(changes, DEFAULT_PARTS)


def make_etag(info: os.stat_result, parts: frozenset[str], now: int) -> str | None:
    """The tag of a file at a time in nanoseconds; None where it has none."""
    numbers = []
    if "INode" in parts:
        numbers.append(info.st_ino)
    if "Size" in parts:
        numbers.append(info.st_size)
    if "MTime" in parts:
        numbers.append(info.st_mtime_ns // 1000)
    if not numbers:
        return None
    weak = "" if now - info.st_mtime_ns > 1_000_000_000 else "W/"
    return f'{weak}"{"-".join(f"{number:x}" for number in numbers)}"'


def join_etags(etag: str, list_validator: str) -> str:
    """The tag of a variant with that of the list it was chosen from: weak where either is."""
    weak = "W/" if etag.startswith("W/") or list_validator.startswith("W/") else ""
    of_file, of_list = (tag.removeprefix("W/").strip('"') for tag in (etag, list_validator))
    return f'{weak}"{of_file};{of_list}"'
