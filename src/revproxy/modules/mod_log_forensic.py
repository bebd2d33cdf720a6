"""mod_log_forensic: ForensicLog, which knows of a request before anything is done about it.

Laws:
- `+id|request line|name:value|...` when the head has been read, `-id` when all is over. A request
  with the first line alone is one that its process did not survive.
- Each line leaves at once: what is still in memory would be lost with the process.
- `|`, `:`, `%` and what is not printable stand as `%xx`, so no client can forge a line.
- The id is UNIQUE_ID's where mod_unique_id is there; the note `forensic-id` has it.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import time
from typing import Final

from revproxy import logs
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, setting
from revproxy.records import dataclass

NOTE: Final = "forensic-id"
_ESCAPES: Final = {
    code: f"%{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100), *map(ord, "|:%"))
}
_numbers: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the log is: a path or `|program`."""

    target: str | Unset = setting()
    defined_at: str | Unset = setting()


def _parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    target = directive.values[0]
    if target.startswith("|"):
        if not target.lstrip("|$").strip():
            raise DirectiveError("a piped log needs a program", argument=0)
    else:
        target = scope.path(target)
    place = directive.location
    return dataclasses.replace(settings, target=target, defined_at=f"{place.file}:{place.line}")


def forensic_line(exchange: Exchange, name: str) -> str:
    """The line for a request that begins."""
    merged: dict[str, list[str]] = {}
    for item in exchange.fields:
        written = item[2].partition(b":")[0].decode("latin-1")
        merged.setdefault(item[0], [written]).append(item[1])
    parts = [exchange.request_line.translate(_ESCAPES)]
    parts += [
        f"{written.translate(_ESCAPES)}:{', '.join(values).translate(_ESCAPES)}"
        for written, *values in merged.values()
    ]
    return f"+{name}|{'|'.join(parts)}\n"


def _writer(settings: Settings) -> logs.LogWriter | None:
    if isinstance(settings.target, Unset) or isinstance(settings.defined_at, Unset):
        return None
    return logs.current().writer(settings.target, settings.defined_at)


def _post_read(settings: Settings, _server: Server) -> Hook | None:
    writer = _writer(settings)
    if writer is None:
        return None

    def begin(exchange: Exchange) -> None:
        name = exchange.env.get("UNIQUE_ID")
        if name is None:
            name = f"{os.getpid()}:{int(time.time()):x}:{next(_numbers):x}"
        exchange.notes[NOTE] = name
        writer.write(forensic_line(exchange, name).encode("latin-1"))
        writer.flush()

    return begin


def _log(settings: Settings, _server: Server) -> Hook | None:
    writer = _writer(settings)
    if writer is None:
        return None

    def end(exchange: Exchange) -> None:
        first = exchange
        while first.previous is not None:
            first = first.previous
        name = first.notes.get(NOTE)
        if name is not None:
            writer.write(f"-{name}\n".encode("latin-1"))
            writer.flush()

    return end


MODULE = Module(
    name="mod_log_forensic",
    settings=Settings,
    directives={"forensiclog": _parse},
    hooks={"post_read": _post_read, "log": _log},
)
