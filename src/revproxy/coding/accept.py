"""What codings a client accepts (RFC 9110, section 12.5.3).

Laws:
- A coding that is not named is accepted where `*` is; with a weight of 0 it is refused.
- `x-gzip` is gzip (RFC 9110, section 8.4.1.3).
- Where the client would rather have the plain octets, by weight, it gets them.
- A weight that is none counts as 1, as Apache reads it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

from revproxy.http.fields import Fields

_WEIGHT: Final = re.compile(r"q=([01](?:\.\d{0,3})?)", re.IGNORECASE).fullmatch


@functools.lru_cache(1024)
def weights(value: str) -> Mapping[str, float]:
    """The codings of an Accept-Encoding value in lower case, each with its weight."""
    found: dict[str, float] = {}
    for item in value.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            match = _WEIGHT(parameter)
            if match is not None:
                weight = float(match[1])
        name = "gzip" if name == "x-gzip" else name
        if name:
            found.setdefault(name, weight)
    return found


def accepts(fields: Fields, coding: str) -> bool:
    """Whether a response to a request with these fields may be sent in a coding."""
    return weight_of(fields, coding) > 0


def weight_of(fields: Fields, coding: str) -> float:
    """How a client with these fields weighs a coding, 0 where it would rather have none."""
    value = fields.joined("accept-encoding")
    if not value:
        return 0.0
    known = weights(value)
    weight = known.get(coding, known.get("*", 0.0))
    return weight if weight >= known.get("identity", 0.0) else 0.0
