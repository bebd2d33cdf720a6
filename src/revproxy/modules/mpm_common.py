"""mpm_common: where the server listens and how its processes behave.

The directives of Apache's MPMs that tune threads have no counterpart; the catalogue calls them
inert. `mpm_trio` holds our own.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError, Severity
from revproxy.module import Module, Scope, Unset, append, number, setting, text, value_or
from revproxy.records import dataclass

_ADDRESS: Final = re.compile(
    r"(?:(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^:\[\]]+):)?(?P<port>[0-9]{1,5})"
).fullmatch

_HTTPS: Final = 443
"""The port where TLS is spoken without a word."""


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
    workers: int | Unset = setting()
    worker_factor: float | Unset = setting()

    @property
    def connections(self) -> int:
        """How many connections MaxRequestWorkers stands for, 0 where it is not set.

        As in Apache's event MPM: each worker has AsyncRequestWorkerFactor more that are kept alive.
        """
        if isinstance(self.workers, Unset):
            return 0
        return int(self.workers * (1 + value_or(self.worker_factor, 2.0)))


def _parse_listen(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = directive.values
    if not words or len(words) > 3:
        raise DirectiveError("Listen requires 1 or 2 arguments")
    match = _ADDRESS(words[0])
    if match is None or not 0 < int(match["port"]) < 65536:
        raise DirectiveError(
            "Invalid address or port: Listen takes [address:]port [protocol]", argument=0
        )
    port = int(match["port"])
    protocol = words[1].lower() if len(words) > 1 else "https" if port == _HTTPS else "http"
    host = (match["host"] or "").strip("[]")
    listen = Listen("" if host == "*" else host, port, protocol)
    known = value_or(settings.listens, ())
    if listen in known:
        return settings
    return dataclasses.replace(settings, listens=(*known, listen))


def _parse_workers(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    word = directive.values[0]
    value = int(word) if word.isascii() and word.isdigit() else 0
    if value < 1:
        text = f"{directive.name} must be at least 1: 1 it is"
        place = directive.args[0].location
        scope.warn(Diagnostic("RP516", Severity.WARNING, place, text))
    return dataclasses.replace(settings, workers=max(value, 1))


def _parse_factor(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    try:
        value = float(directive.values[0])
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise DirectiveError("AsyncRequestWorkerFactor must be a number above 0", argument=0)
    return dataclasses.replace(settings, worker_factor=value)


MODULE = Module(
    name="mpm_common",
    settings=Settings,
    directives={
        "listen": _parse_listen,
        "listenbacklog": number("backlog", low=1),
        "maxrequestworkers": _parse_workers,
        "maxclients": _parse_workers,
        "asyncrequestworkerfactor": _parse_factor,
        "pidfile": text("pid_file"),
        "gracefulshutdowntimeout": number("graceful_shutdown_timeout"),
        "receivebuffersize": number("receive_buffer"),
        "sendbuffersize": number("send_buffer"),
    },
)
