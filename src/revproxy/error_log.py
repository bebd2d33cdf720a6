"""The error log: levels by module, Apache's line format, ErrorLogFormat.

Laws:
- A line leaves at once: what went wrong must be readable when it went wrong.
- A message cannot forge a line: control characters, backslashes and octets above 126 are escaped
  as Apache escapes them.
- The first line about a request gives it its log id (`%L`), which the access log repeats.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from revproxy import logs
from revproxy.error_log_format import (
    LEVELS,
    Format,
    Record,
    compile_format,
    default_format,
    make_log_id,
)
from revproxy.http.message import Connection, Exchange
from revproxy.logs import LogWriter, SyslogWriter

_NAMES: Final = """
    access_compat actions alias allowmethods asis auth_basic auth_digest auth_form authn_anon
    authn_core authn_dbd authn_dbm authn_file authn_socache authnz_fcgi authnz_ldap authz_core
    authz_dbd authz_dbm authz_groupfile authz_host authz_owner authz_user autoindex brotli
    bucketeer buffer cache cache_disk cache_socache case_filter case_filter_in cern_meta cgi
    cgid charset_lite core data dav dav_fs dav_lock dbd deflate dialup dir dumpio echo env
    expires ext_filter file_cache filter headers heartbeat heartmonitor http http2 ident
    imagemap include info lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic
    lbmethod_heartbeat ldap log_config log_debug log_forensic logio lua macro md mime mime_magic
    mpm_event mpm_prefork mpm_trio mpm_worker negotiation proxy proxy_ajp proxy_balancer
    proxy_connect proxy_express proxy_fcgi proxy_fdpass proxy_ftp proxy_hcheck proxy_html
    proxy_http proxy_http2 proxy_scgi proxy_uwsgi proxy_wstunnel ratelimit reflector remoteip
    reqtimeout request rewrite security2 sed session session_cookie session_crypto session_dbd
    setenvif slotmem_plain slotmem_shm so socache_dbm socache_memcache socache_redis
    socache_shmcb speling ssl status substitute suexec unique_id unixd userdir usertrack version
    vhost_alias watchdog xml2enc
    """
MODULES: Final = frozenset(_NAMES.split())
"""The modules that `LogLevel` may name: those of Apache 2.4, and ours."""
_BAD_LEVEL: Final = (
    "Log level keyword must be one of emerg/alert/crit/error/warn/notice/info/debug/trace1/.../"
    "trace8"
)
_DEFAULT_LEVEL: Final = "warn"


def parse_log_level(words: Iterable[str]) -> dict[str, str]:
    """The arguments of LogLevel as levels by module, "" for all others.

    Raises ValueError with Apache's message.
    """
    levels: dict[str, str] = {}
    for word in words:
        name, colon, level = word.partition(":")
        if not colon:
            name, level = "", word
            levels.clear()
        elif not level:
            raise ValueError(f"Module specifier '{name}' must be followed by a log level keyword")
        if level.lower() not in LEVELS:
            raise ValueError(_BAD_LEVEL if not colon else f"{word}: {_BAD_LEVEL}")
        if colon:
            plain = _module_name(name)
            if plain not in MODULES:
                raise ValueError(f"Cannot find module {name}")
            name = plain
        levels[name] = level.lower()
    return levels


def merge_log_levels(outer: dict[str, str], inner: dict[str, str]) -> dict[str, str]:
    """The levels of a section: one for all modules replaces those of single ones around it."""
    return inner if "" in inner else {**outer, **inner}


def _module_name(word: str) -> str:
    """`proxy`, `proxy_module` and `mod_proxy.c` all name mod_proxy."""
    if word.endswith(".c"):
        return word[:-2].removeprefix("mod_").replace("http_core", "http")
    return word.removesuffix("_module")


class ErrorLog:
    """The error log of a virtual host."""

    __slots__ = ("_connection", "_levels", "_main", "_most", "_request", "_threshold", "_writer")

    def __init__(
        self,
        writer: LogWriter,
        levels: Mapping[str, str] | None = None,
        *,
        main: Format | None = None,
        request: tuple[Format, ...] = (),
        connection: tuple[Format, ...] = (),
    ) -> None:
        self._writer = writer
        self._levels = {name: LEVELS[level] for name, level in (levels or {}).items()}
        self._threshold = self._levels.get("", LEVELS[_DEFAULT_LEVEL])
        self._most = max((self._threshold, *self._levels.values()))
        """The most detailed level of any module."""
        if main is None:
            main = default_format(timed=not isinstance(writer, SyslogWriter))
        self._main = main
        self._request = request
        self._connection = connection

    def is_enabled(self, level: str, module: str, exchange: Exchange | None = None) -> bool:
        """Whether a message of this level from this module, about a request, is logged."""
        severity = LEVELS[level]
        plan = exchange.plan if exchange is not None else None
        if severity > self._most and (plan is None or plan.log_levels is None):
            # So it is nearly always where a request asks whether to trace.
            return False
        return severity <= self._level_of(module, exchange)

    def _level_of(self, module: str, exchange: Exchange | None) -> int:
        plan = exchange.plan if exchange is not None else None
        levels = self._levels if plan is None or plan.log_levels is None else plan.log_levels
        level: int = levels.get(module, levels.get("", self._threshold))
        return level

    def log(
        self,
        level: str,
        module: str,
        message: str,
        *,
        exchange: Exchange | None = None,
        connection: Connection | None = None,
        code: str = "",
        error: OSError | None = None,
    ) -> None:
        """Log a message of a module, named without `mod_`, where its level is asked for."""
        severity = LEVELS[level]
        # As in Apache, notices that concern no request reach the log in any case.
        is_general = level == "notice" and exchange is None and connection is None
        if severity > self._level_of(module, exchange) and not is_general:
            return
        if code:
            message = f"{code}: {message}"
        if exchange is not None:
            connection = exchange.connection
        record = Record(level, module, message, exchange, connection, error)
        if connection is not None and "log_id" not in connection.memo:
            connection.memo["log_id"] = make_log_id()
            general = dataclasses.replace(record, exchange=None)
            self._write_all(self._connection, general, severity)
        if exchange is not None and exchange.log_id is None:
            # mod_unique_id's name for the request, where it has one.
            exchange.log_id = exchange.env.get("UNIQUE_ID") or make_log_id()
            self._write_all(self._request, record, severity)
        self._write_all((self._main,), record, severity)
        self._writer.flush()

    def _write_all(self, formats: tuple[Format, ...], record: Record, severity: int) -> None:
        for line_of in formats:
            line = line_of(record)
            if not line:
                continue
            data = line.encode("latin-1")
            if isinstance(self._writer, SyslogWriter):
                self._writer.send(min(severity, 7), data)
            else:
                self._writer.write(data + b"\n")


def open_error_log(
    target: str,
    levels: Mapping[str, str],
    *,
    main: str = "",
    request: Iterable[str] = (),
    connection: Iterable[str] = (),
    server_name: str = "",
    defined_at: str = "",
) -> ErrorLog:
    """The error log at a target of `ErrorLog` (an absolute path, `|program`, `syslog…`).

    "" is standard error. The formats have been checked. Nothing is opened before `logs.open_all`.
    """
    targets = logs.current()
    writer: LogWriter
    if not target:
        writer = targets.standard_error()
    elif target.lower().partition(":")[0] == "syslog":
        writer = targets.syslog(target, defined_at)
    else:
        writer = targets.writer(target, defined_at)
    return ErrorLog(
        writer,
        levels,
        main=compile_format(main, main=True, server_name=server_name) if main else None,
        request=tuple(
            compile_format(text, main=False, server_name=server_name) for text in request
        ),
        connection=tuple(
            compile_format(text, main=False, server_name=server_name) for text in connection
        ),
    )
