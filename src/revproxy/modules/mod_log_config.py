"""mod_log_config: LogFormat, CustomLog, TransferLog, GlobalLog, BufferedLogs.

Laws:
- A virtual host with a CustomLog or TransferLog of its own does not write to the main server's;
  a GlobalLog gets the lines of all.
- A nickname means what the virtual host that writes the line says it means, whatever the order.
- The nickname `json` is one of ours, as long as no LogFormat defines it.
- One line a request, when its response is over; conditions look at the request that answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from revproxy import logs
from revproxy.config.expr import compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.log_format import DEFAULT_FORMAT, compile_format
from revproxy.log_json import NICKNAME, compile_json
from revproxy.log_line import Line
from revproxy.logs import LogWriter
from revproxy.module import (
    Hook,
    Module,
    Scope,
    Server,
    Unset,
    append,
    flag,
    overlay,
    setting,
    value_or,
)
from revproxy.records import dataclass

Condition = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Log:
    """A log as configured: `form` is a format or a nickname, None for the default format."""

    target: str
    form: str | None
    condition: Condition | None
    defined_at: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Formats by nickname, and the logs."""

    formats: dict[str, str] | Unset = setting(overlay)
    default_format: str | Unset = setting()
    logs: tuple[Log, ...] | Unset = setting()
    global_logs: tuple[Log, ...] | Unset = setting(append)
    buffered: bool | Unset = setting()


_ANY_SERVER: Final = Server()


def _check(form: str, index: int) -> None:
    """Refuse a broken format at load. Raises DirectiveError."""
    try:
        compile_format(form, _ANY_SERVER)
    except ValueError as error:
        raise DirectiveError(str(error), argument=index) from None


def _parse_format(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    form, *nickname = directive.values
    if not nickname:
        if "%" in form:
            _check(form, 0)
        return dataclasses.replace(settings, default_format=form)
    _check(form, 0)
    formats = {**value_or(settings.formats, {}), nickname[0]: form}
    return dataclasses.replace(settings, formats=formats)


def _log(directive: Directive, scope: Scope) -> Log:
    target, *rest = directive.values
    form = rest[0] if rest else None
    if form is not None and "%" in form:
        _check(form, 1)
    if target.startswith("|"):
        if not target.lstrip("|$").strip():
            raise DirectiveError("a piped log needs a program", argument=0)
    else:
        target = scope.path(target)
    location = directive.location
    condition = _condition(rest[1]) if len(rest) > 1 else None
    return Log(target, form, condition, f"{location.file}:{location.line}")


def _condition(word: str) -> Condition:
    lower = word.lower()
    if lower.startswith("expr="):
        try:
            # The response is over: what it varies by can no longer be told.
            return compile_condition(word[5:], vary=False)
        except ValueError as error:
            raise DirectiveError(str(error), argument=2) from None
    if not lower.startswith("env="):
        raise DirectiveError("error in condition clause", argument=2)
    variable = word[4:].removeprefix("!")
    if not variable:
        raise DirectiveError("missing environment variable name", argument=2)
    if word[4] == "!":
        return lambda exchange: variable not in exchange.env
    return lambda exchange: variable in exchange.env


def _parse_log(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    entry = _log(directive, scope)
    return dataclasses.replace(settings, logs=(*value_or(settings.logs, ()), entry))


def _parse_global_log(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if scope.virtual:
        raise DirectiveError("GlobalLog cannot occur within <VirtualHost> section")
    entries = (*value_or(settings.global_logs, ()), _log(directive, scope))
    return dataclasses.replace(settings, global_logs=entries)


def _log_hook(settings: Settings, server: Server) -> Hook | None:
    entries = value_or(settings.logs, ()) + value_or(settings.global_logs, ())
    if not entries:
        return None
    formats = value_or(settings.formats, {})
    default = value_or(settings.default_format, DEFAULT_FORMAT)
    lines: dict[str, Line] = {}
    made: list[tuple[LogWriter, Line, Condition | None]] = []
    for entry in entries:
        form = default if entry.form is None else entry.form
        is_json = form == NICKNAME and NICKNAME not in formats
        form = formats.get(form, form)
        if form not in lines:
            lines[form] = compile_json(server) if is_json else compile_format(form, server)
        writer = logs.current().writer(entry.target, entry.defined_at)
        writer.is_buffered = value_or(settings.buffered, False)
        made.append((writer, lines[form], entry.condition))
    if len(made) == 1 and made[0][2] is None:
        return _single(made[0][0], made[0][1])

    def log(exchange: Exchange) -> None:
        for writer, line, condition in made:
            if condition is None or condition(exchange):
                writer.write(line(exchange).encode("latin-1", "replace"))

    return log


def _single(writer: LogWriter, line: Line) -> Hook:
    write = writer.write

    def log(exchange: Exchange) -> None:
        write(line(exchange).encode("latin-1", "replace"))

    return log


MODULE = Module(
    name="mod_log_config",
    settings=Settings,
    directives={
        "logformat": _parse_format,
        "customlog": _parse_log,
        "transferlog": _parse_log,
        "globallog": _parse_global_log,
        "bufferedlogs": flag("buffered"),
    },
    hooks={"log": _log_hook},
)
