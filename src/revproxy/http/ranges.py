"""Range requests (RFC 9110, section 14), in Apache's reading of them.

Laws:
- A Range that is malformed, in another unit or over a limit is ignored: the whole is sent.
- Ranges that overlap or touch the one before are joined to it; where none can be satisfied, 416.
- More octets in pieces than the whole has is the whole.
"""

from __future__ import annotations

import re
from typing import Final

from revproxy.errors import HTTPError
from revproxy.records import dataclass

_SPEC: Final = re.compile(r"([0-9]*)-([0-9]*)").fullmatch
_LARGEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class RangeLimits:
    """MaxRanges, MaxRangeOverlaps, MaxRangeReversals; None for any number, 0 for none at all."""

    ranges: int | None = 200
    overlaps: int | None = 20
    reversals: int | None = 20


Range = tuple[int, int]
"""The first octet and the one behind the last."""


def parse_ranges(text: str, length: int, limits: RangeLimits) -> list[Range]:
    """The pieces of a representation that a Range asks for; none for the whole of it.

    Raises HTTPError(416) where none can be satisfied.
    """
    unit, equals, rest = text.partition("=")
    if not equals or unit.lower() != "bytes" or limits.ranges == 0 or length == 0:
        return []
    pieces = _pieces(rest, length)
    if pieces is None or (limits.ranges is not None and len(pieces) > limits.ranges):
        return []
    found: list[Range] = []
    overlaps = reversals = 0
    for start, end in pieces:
        if start >= end:
            continue
        if found and start <= found[-1][1] and end >= found[-1][0]:
            overlaps += 1
            found[-1] = (min(start, found[-1][0]), max(end, found[-1][1]))
            continue
        if found and start < found[-1][0]:
            reversals += 1
        found.append((start, end))
    if not found:
        raise HTTPError(416)
    if _is_over(overlaps, limits.overlaps) or _is_over(reversals, limits.reversals):
        return []
    # More than the whole in pieces is nothing a client needs.
    return [] if sum(end - start for start, end in found) > length else found


def _is_over(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit


def _pieces(text: str, length: int) -> list[Range] | None:
    """The range-specs cut to the representation; None where one is malformed."""
    specs = text.split(",")
    if not specs[0]:
        return None
    pieces = []
    for spec in filter(None, specs):
        match = _SPEC(spec)
        if match is None:
            return None
        first, last = match[1], match[2]
        if int(first or 0) > _LARGEST or int(last or 0) > _LARGEST:
            return None
        if not first:
            if not int(last or 0):
                return None
            pieces.append((max(0, length - int(last)), length))
        elif not last:
            pieces.append((int(first), length))
        elif int(last) < int(first):
            return None
        else:
            pieces.append((int(first), min(int(last) + 1, length)))
    return pieces
