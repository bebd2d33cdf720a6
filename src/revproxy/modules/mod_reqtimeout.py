"""mod_reqtimeout: how long a client may take to send a request (RequestReadTimeout).

Laws:
- Where the module is there, its defaults are in force: a head within 20 to 40 seconds, a body that
  keeps above 500 octets a second.
- The settings are a connection's until its host is known, so those of the address's first host.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.pace import Limit, ReadLimits
from revproxy.module import Module, Scope, Unset, setting, value_or
from revproxy.records import dataclass

_DEFAULT_HEADER: Final = Limit(20.0, 40.0, 500)
_DEFAULT_BODY: Final = Limit(20.0, 0.0, 500)
_DEFAULT_HANDSHAKE: Final = Limit()


@dataclass(frozen=True, slots=True)
class Settings:
    """The limit of each stage."""

    handshake: Limit | Unset = setting()
    header: Limit | Unset = setting()
    body: Limit | Unset = setting()

    def limits(self) -> ReadLimits:
        """What is in force."""
        return ReadLimits(
            value_or(self.handshake, _DEFAULT_HANDSHAKE),
            value_or(self.header, _DEFAULT_HEADER),
            value_or(self.body, _DEFAULT_BODY),
        )


def parse_limit(text: str) -> Limit:
    """`initial`, `initial,MinRate=n` or `initial-maximum,MinRate=n`. Raises ValueError."""
    times, comma, option = text.partition(",")
    initial, dash, maximum = times.partition("-")
    rate = 0
    if comma:
        name, _, number = option.partition("=")
        if name.lower() != "minrate":
            raise ValueError(f"'{option}' is not MinRate=octets")
        rate = _whole(number)
        if rate == 0:
            raise ValueError("Minimum data rate must be larger than 0")
    elif dash:
        raise ValueError("Must set MinRate option if using timeout range")
    limit = Limit(float(_whole(initial)), float(_whole(maximum)) if dash else 0.0, rate)
    if dash and limit.maximum <= limit.initial:
        raise ValueError("Maximum timeout must be larger than initial timeout")
    return limit


def _whole(word: str) -> int:
    if not (word.isdigit() and word.isascii()):
        raise ValueError(f"'{word}' is not a whole number")
    return int(word)


def _read_timeout(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    for number, word in enumerate(directive.values):
        stage, equals, text = word.partition("=")
        stage = stage.lower()
        if not equals:
            raise DirectiveError("RequestReadTimeout takes stage=limit", argument=number)
        if stage not in ("handshake", "header", "body"):
            raise DirectiveError(f"Unknown RequestReadTimeout parameter {stage}", argument=number)
        try:
            limit = parse_limit(text)
        except ValueError as error:
            raise DirectiveError(f"{stage}: {error}", argument=number) from None
        settings = dataclasses.replace(settings, **{stage: limit})
    return settings


MODULE = Module(
    name="mod_reqtimeout",
    settings=Settings,
    directives={"requestreadtimeout": _read_timeout},
)
