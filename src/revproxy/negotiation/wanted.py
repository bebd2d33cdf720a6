"""Whether a request is to be negotiated, and by which policy: what is asked of every other one too.

Laws:
- It needs no more than what is asked; the rest is loaded when a request wants it.
"""

from __future__ import annotations

from typing import Final

from revproxy.http.message import Exchange
from revproxy.module import value_or
from revproxy.records import dataclass
from revproxy.static.directives import effective_options

MAP_TYPE: Final = "application/x-type-map"
MAP_HANDLER: Final = "type-map"


@dataclass(frozen=True, slots=True)
class Policy:
    """LanguagePriority and ForceLanguagePriority."""

    languages: tuple[str, ...] = ()
    prefers: bool = True
    falls_back: bool = False


class Views:
    """Whether MultiViews is on for a plan's requests: found out at the first of them."""

    def __init__(self) -> None:
        self._is_on: bool | None = None

    def __call__(self, exchange: Exchange) -> bool:
        if self._is_on is None:
            core = exchange.plan.settings.get("core")
            changes = () if core is None else value_or(core.option_changes, ())
            self._is_on = "MultiViews" in effective_options(changes)
        return self._is_on


def is_map(exchange: Exchange) -> bool:
    """The request is for a type map."""
    if exchange.handler is not None:
        return exchange.handler in (MAP_HANDLER, MAP_TYPE)
    kind = exchange.content_type
    return kind is not None and kind.partition(";")[0].strip() == MAP_TYPE
