"""mod_logio: LogIOTrackTTFB. The octets in and out are counted in any case (`%I %O %S`)."""

from __future__ import annotations

from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Server, Unset, flag, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Whether `%^FB` has something to tell."""

    track_first_byte: bool | Unset = setting()


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    if not value_or(settings.track_first_byte, False):
        return None

    def ask(exchange: Exchange) -> None:
        exchange.first_sent = -1

    return ask


MODULE = Module(
    name="mod_logio",
    settings=Settings,
    directives={"logiotrackttfb": flag("track_first_byte")},
    hooks={"fixups": _fixups},
)
