"""mod_sed: sed's commands on responses (OutputSed) and on requests' bodies (InputSed).

Laws:
- Each directive is a line of the script; an inner section's script stands alone.
- A body that passes a bound of the engine ends the response, or is 400.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from revproxy.coding.response import changed_body
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, OriginError
from revproxy.filters import Filter, Kind
from revproxy.http.changed_body import ChangedBody
from revproxy.http.message import Exchange, RequestBody
from revproxy.module import (
    BodyMaker,
    FilterMaker,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    setting,
    value_or,
)
from revproxy.records import dataclass
from revproxy.sed.machine import Machine, TooMuch
from revproxy.sed.script import parse_script


@dataclass(frozen=True, slots=True)
class Settings:
    """The lines of the scripts."""

    output: tuple[str, ...] | Unset = setting()
    input: tuple[str, ...] | Unset = setting()


def _script(name: str) -> Parser:
    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        lines = (*value_or(getattr(settings, name), ()), directive.values[0])
        # A block may go on in the next directive: only what is wrong by itself is told here.
        try:
            parse_script(lines)
        except ValueError as error:
            if str(error) != "Too many {'s" and not str(error).startswith("Undefined label"):
                raise DirectiveError(f"Failed to compile sed expression. {error}") from None
        changes: dict[str, Any] = {name: lines}
        return dataclasses.replace(settings, **changes)

    return parse


class SedFilter(Filter):
    """Edits one response."""

    kind = Kind.RESOURCE

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        changed_body(exchange)
        return True

    def feed(self, data: bytes) -> bytes:
        try:
            return self._machine.feed(data)
        except TooMuch as error:
            raise OriginError(500, str(error)) from None

    def finish(self) -> bytes:
        try:
            return self._machine.finish()
        except TooMuch as error:
            raise OriginError(500, str(error)) from None


class EditedBody(ChangedBody):
    """A request's body, edited as it is read."""

    __slots__ = ("_machine",)

    def __init__(self, body: RequestBody, machine: Machine) -> None:
        super().__init__(body)
        self._machine = machine

    def feed(self, data: bytes) -> bytes:
        try:
            return self._machine.feed(data)
        except TooMuch as error:
            raise HTTPError(400, str(error), close=True) from None

    def finish(self) -> bytes:
        try:
            return self._machine.finish()
        except TooMuch as error:
            raise HTTPError(400, str(error), close=True) from None


def _output(settings: Settings, _server: Server) -> FilterMaker:
    prints, commands = parse_script(value_or(settings.output, ()))
    if not commands:
        return lambda _exchange: None
    return lambda _exchange: SedFilter(Machine(prints, commands))


def _input(settings: Settings, _server: Server) -> BodyMaker:
    prints, commands = parse_script(value_or(settings.input, ()))

    def make(exchange: Exchange, body: RequestBody) -> RequestBody:
        if not commands:
            return body
        exchange.fields.unset("Content-Length")
        return EditedBody(body, Machine(prints, commands))

    return make


MODULE = Module(
    name="mod_sed",
    settings=Settings,
    directives={"outputsed": _script("output"), "inputsed": _script("input")},
    filters={"sed": _output},
    input_filters={"sed": _input},
)
