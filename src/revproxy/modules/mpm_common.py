"""mpm_common: where the server listens and how its processes behave.

The directives of Apache's MPMs that tune threads have no counterpart; the catalogue calls them
inert. `mpm_trio` holds our own.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Module, Scope, Unset, append, number, setting, text, value_or

_ADDRESS: Final = re.compile(
    r"(?:(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^:\[\]]+):)?(?P<port>[0-9]{1,5})"
).fullmatch


@dataclass(frozen=True, slots=True)
class Listen:
    """One Listen. `host` "" stands for every address."""

    host: str
    port: int
    protocol: str = "http"


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives shared by all MPMs; times in seconds."""

    listens: tuple[Listen, ...] | Unset = setting(append)
    backlog: int | Unset = setting()
    pid_file: str | Unset = setting()
    graceful_shutdown_timeout: int | Unset = setting()
    receive_buffer: int | Unset = setting()
    send_buffer: int | Unset = setting()


def _parse_listen(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = directive.values
    if not words or len(words) > 3:
        raise DirectiveError("Listen requires 1 or 2 arguments")
    match = _ADDRESS(words[0])
    if match is None or not 0 < int(match["port"]) < 65536:
        raise DirectiveError(
            "Invalid address or port: Listen takes [address:]port [protocol]", argument=0
        )
    protocol = words[1].lower() if len(words) > 1 else "http"
    if protocol != "http":
        raise DirectiveError(
            f"Listen with protocol {words[1]} needs mod_ssl, which is not implemented yet",
            argument=1,
        )
    host = (match["host"] or "").strip("[]")
    listen = Listen("" if host == "*" else host, int(match["port"]), protocol)
    known = value_or(settings.listens, ())
    if listen in known:
        return settings
    return dataclasses.replace(settings, listens=(*known, listen))


MODULE = Module(
    name="mpm_common",
    settings=Settings,
    directives={
        "listen": _parse_listen,
        "listenbacklog": number("backlog", low=1),
        "pidfile": text("pid_file"),
        "gracefulshutdowntimeout": number("graceful_shutdown_timeout"),
        "receivebuffersize": number("receive_buffer"),
        "sendbuffersize": number("send_buffer"),
    },
)
