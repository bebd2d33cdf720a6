"""How many arguments a directive takes: Apache's kinds of argument list and its messages.

A first argument that is empty counts as missing, as in Apache; RAW_ARGS and TAKE_ARGV directives
look at their arguments themselves. What stands behind a flag is skipped, as Apache does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_COUNTS: Final[dict[str, tuple[int, int, str]]] = {
    "NO_ARGS": (0, 0, "takes no arguments"),
    "TAKE1": (1, 1, "takes one argument"),
    "TAKE2": (2, 2, "takes two arguments"),
    "TAKE12": (1, 2, "takes 1-2 arguments"),
    "TAKE3": (3, 3, "takes three arguments"),
    "TAKE23": (2, 3, "takes two or three arguments"),
    "TAKE123": (1, 3, "takes one, two or three arguments"),
    "TAKE13": (1, 3, "takes one or three arguments"),
}


def arity_error(style: str, name: str, values: Sequence[str]) -> str | None:
    """What is wrong with the number of arguments, None where nothing is."""
    if style in _COUNTS:
        low, high, text = _COUNTS[style]
        missing = low > 0 and any(not value for value in values[:low])
        if style == "TAKE13" and len(values) == 2:
            missing = True
        if missing or not low <= len(values) <= high:
            return f"{name} {text}"
    elif style == "ITERATE" and not (values and values[0]):
        return f"{name} requires at least one argument"
    elif style == "ITERATE2" and (len(values) < 2 or not values[0] or not values[1]):
        return f"{name} requires at least two arguments"
    elif style == "FLAG" and (not values or values[0].lower() not in ("on", "off")):
        return f"{name} must be On or Off"
    return None
