"""core: the directives that are always there, and the settings that server and phases read.

Laws:
- One settings class for server-level and per-directory directives, merged alike.
- What a module of its own does in Apache's source tree has a file of its own here: the MPM's
  directives are in `mpm_common`, files from disk in `static/`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from revproxy.authz.names import hook_for
from revproxy.config.expr import compile_text
from revproxy.config.tree import Directive
from revproxy.error_log import merge_log_levels, parse_log_level
from revproxy.error_log_format import compile_format
from revproxy.errors import Diagnostic, DirectiveError, Location, Severity
from revproxy.filters import DefaultCharset
from revproxy.http.message import Exchange
from revproxy.http.pages import REASONS
from revproxy.http.ranges import RangeLimits
from revproxy.module import (
    Hook,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    append,
    choice,
    flag,
    interval,
    number,
    overlay,
    setting,
    text,
    value_or,
)
from revproxy.named_filters import (
    INPUT,
    KINDS,
    Names,
    insert_input_filters,
    output_filters,
    set_filters,
)
from revproxy.pattern import change_defaults
from revproxy.proxy.handlers import Handler, choose_handler, parse_set_handler
from revproxy.records import dataclass
from revproxy.static import overrides
from revproxy.static.directives import (
    parse_accept_path_info,
    parse_file_etag_words,
    parse_options,
    range_limit,
)
from revproxy.static.etag import effective_parts
from revproxy.static.find import resolved
from revproxy.static.handler import StaticFiles
from revproxy.static.signs import Change

_SERVER_NAME: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+)(?::(?P<port>[0-9]+))?/?"
).fullmatch


@dataclass(frozen=True, slots=True)
class ServerName:
    """ServerName's parts; scheme "" and port 0 where not written."""

    host: str
    port: int = 0
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class ErrorDocument:
    """What answers for a status: kind "text", "path", "url" or "default"."""

    kind: str
    value: str | Callable[[Exchange], str | None] = ""
    """Constant, or an expression that gives None where it fails."""
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives of core; times in seconds, sizes in octets."""

    server_name: ServerName | Unset = setting()
    aliases: tuple[str, ...] | Unset = setting(append)
    server_path: str | Unset = setting()
    admin: str | Unset = setting()
    document_root: str | Unset = setting()
    timeout: float | Unset = setting()
    keep_alive: bool | Unset = setting()
    keep_alive_timeout: float | Unset = setting()
    max_keep_alive: int | Unset = setting()
    limit_line: int | Unset = setting()
    limit_fields: int | Unset = setting()
    limit_field_size: int | Unset = setting()
    limit_body: int | Unset = setting()
    protocol_options: frozenset[str] | Unset = setting()
    trace: str | Unset = setting()
    tokens: str | Unset = setting()
    signature: str | Unset = setting()
    encoded_slashes: str | Unset = setting()
    merge_slashes: bool | Unset = setting()
    canonical_name: str | Unset = setting()
    canonical_port: bool | Unset = setting()
    strict_host: bool | Unset = setting()
    error_documents: dict[int, ErrorDocument] | Unset = setting(overlay)
    error_log: str | Unset = setting()
    log_levels: dict[str, str] | Unset = setting(merge_log_levels)
    """LogLevel by module name without mod_ and suffix; "" for all others."""
    error_log_format: str | Unset = setting()
    error_log_request_formats: tuple[str, ...] | Unset = setting()
    error_log_connection_formats: tuple[str, ...] | Unset = setting()
    default_charset: str | Unset = setting()
    output_filters: Names | Unset = setting()
    input_filters: Names | Unset = setting()
    option_changes: tuple[Change, ...] | Unset = setting(append)
    handler: Handler | Unset = setting()
    extended_status: bool | Unset = setting()
    force_type: str | Unset = setting()
    etag_changes: tuple[Change, ...] | Unset = setting(append)
    accept_path_info: bool | Unset = setting()
    hostname_lookups: str | Unset = setting()
    recursion: tuple[int, int] | Unset = setting()
    max_ranges: int | Unset | None = setting()
    max_range_overlaps: int | Unset | None = setting()
    max_range_reversals: int | Unset | None = setting()
    overrides: overrides.Overrides | Unset = setting(overrides.merge_overrides)
    access_file_names: tuple[str, ...] | Unset = setting()


def _parse_server_name(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    match = _SERVER_NAME(directive.values[0])
    if match is None or (match["port"] and not 0 < int(match["port"]) < 65536):
        raise DirectiveError(f'Invalid ServerName "{directive.values[0]}"', argument=0)
    name = ServerName(
        match["host"].lower(), int(match["port"] or 0), (match["scheme"] or "").lower()
    )
    return dataclasses.replace(settings, server_name=name)


def _parse_aliases(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if not scope.virtual:
        raise DirectiveError("ServerAlias only used in <VirtualHost>")
    aliases = (*value_or(settings.aliases, ()), *(word.lower() for word in directive.values))
    return dataclasses.replace(settings, aliases=aliases)


def _parse_server_path(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if not scope.virtual:
        raise DirectiveError("ServerPath only used in <VirtualHost>")
    return dataclasses.replace(settings, server_path=directive.values[0])


def _parse_keep_alive(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    # Apache takes any word but "off" and "0" for On.
    value = directive.values[0].lower() not in ("off", "0")
    return dataclasses.replace(settings, keep_alive=value)


_PROTOCOL_PAIRS: Final = {
    "strict": "unsafe",
    "unsafe": "strict",
    "registeredmethods": "lenientmethods",
    "lenientmethods": "registeredmethods",
    "allow0.9": "require1.0",
    "require1.0": "allow0.9",
}


def _parse_protocol_options(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    options = set(value_or(settings.protocol_options, frozenset()))
    for index, word in enumerate(directive.values):
        other = _PROTOCOL_PAIRS.get(word.lower())
        if other is None:
            raise DirectiveError(
                "HttpProtocolOptions accepts 'Unsafe' or 'Strict', 'RegisteredMethods' or "
                "'LenientMethods', and 'Require1.0' or 'Allow0.9'",
                argument=index,
            )
        if other in options and directive.values[:index]:
            raise DirectiveError(
                f"HttpProtocolOptions '{word}' and '{other}' contradict", argument=index
            )
        options.discard(other)
        options.add(word.lower())
    if "unsafe" in options:
        text = "HttpProtocolOptions Unsafe has no effect: malformed requests are always refused"
        scope.warn(Diagnostic("RP532", Severity.WARNING, directive.location, text))
    return dataclasses.replace(settings, protocol_options=frozenset(options))


_canonical_name = choice("canonical_name", "Off", "On", "DNS")


def _parse_canonical_name(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if directive.values[0].lower() == "dns":
        text = "UseCanonicalName DNS is taken for On: no name is looked up for it"
        scope.warn(Diagnostic("RP527", Severity.WARNING, directive.args[0].location, text))
    parsed: Settings = _canonical_name(settings, directive, scope)
    return parsed


def _parse_error_document(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    code, value = directive.values
    if not (code.isascii() and code.isdigit()) or int(code) not in REASONS:
        raise DirectiveError(f"Unsupported HTTP response code {code}", argument=0)
    if value.lower() == "default":
        kind = "default"
    elif " " in value or not (value.startswith("/") or re.match(r"[A-Za-z][-+.\w]*:", value)):
        kind, value = "text", value.removeprefix('"')
    elif value.startswith("/"):
        kind = "path"
    elif code == "401":
        raise DirectiveError("cannot use a full URL in a 401 ErrorDocument directive", argument=1)
    else:
        kind = "url"
    try:
        document = ErrorDocument(kind, compile_text(value), directive.location)
    except ValueError as error:
        message = f"Cannot parse expression in ErrorDocument: {error}"
        raise DirectiveError(message, argument=1) from None
    documents = {**value_or(settings.error_documents, {}), int(code): document}
    return dataclasses.replace(settings, error_documents=documents)


def _parse_log_level(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    try:
        levels = parse_log_level(directive.values)
    except ValueError as error:
        raise DirectiveError(str(error)) from None
    if "" not in levels:
        levels = {**value_or(settings.log_levels, {}), **levels}
    return dataclasses.replace(settings, log_levels=levels)


def _parse_error_log_format(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = directive.values
    kind = words[0].lower() if len(words) == 2 else "main"
    if len(words) == 2 and kind not in ("connection", "request"):
        raise DirectiveError("ErrorLogFormat type must be one of request, connection", argument=0)
    try:
        compile_format(words[-1], main=kind == "main")
    except ValueError as error:
        raise DirectiveError(str(error), argument=len(words) - 1) from None
    if kind == "main":
        return dataclasses.replace(settings, error_log_format=words[0])
    field = f"error_log_{kind}_formats"
    changes: dict[str, Any] = {field: (*value_or(getattr(settings, field), ()), words[1])}
    return dataclasses.replace(settings, **changes)


def _parse_regex_options(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """It acts on what is read behind it."""
    try:
        change_defaults(directive.values)
    except ValueError as error:
        raise DirectiveError(f"RegexDefaultOptions: {error}") from None
    return settings


def _parse_recursion(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    try:
        numbers = [int(word) for word in directive.values]
    except ValueError:
        raise DirectiveError("LimitInternalRecursion takes one or two numbers") from None
    if min(numbers) < 0:
        raise DirectiveError("LimitInternalRecursion numbers must be positive")
    return dataclasses.replace(settings, recursion=(numbers[0], numbers[-1]))


def _words(name: str) -> Parser:
    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        changes: dict[str, Any] = {name: directive.values}
        return dataclasses.replace(settings, **changes)

    return parse


def _parse_default_charset(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0]
    value = {"off": "", "on": "iso-8859-1"}.get(word.lower(), word)
    return dataclasses.replace(settings, default_charset=value)


def _parse_document_root(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    return dataclasses.replace(settings, document_root=scope.path(directive.values[0]))


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    charset = value_or(settings.default_charset, "")
    names = value_or(settings.output_filters, ())
    adds = [DefaultCharset(charset)] if charset else []
    if names:
        return lambda exchange: output_filters(exchange, names) + adds
    return (lambda _exchange: adds) if adds else None


def _translate(_settings: Settings, server: Server) -> Hook:
    root = server.document_root.rstrip("/")

    def below_root(exchange: Exchange) -> bool | None:
        if exchange.path[:1] != "/":
            return None
        exchange.filename = root + resolved(exchange.path, below_root=True)
        return True

    return below_root


def _files(settings: Settings, server: Server) -> StaticFiles:
    return StaticFiles(
        etag_parts=effective_parts(value_or(settings.etag_changes, ())),
        ranges=RangeLimits(
            value_or(settings.max_ranges, 200),
            value_or(settings.max_range_overlaps, 20),
            value_or(settings.max_range_reversals, 20),
        ),
        accepts_path_info=value_or(settings.accept_path_info, False),
        methods="GET,POST,OPTIONS,HEAD" + ("" if server.trace == "off" else ",TRACE"),
    )


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    forced = value_or(settings.force_type, "")
    names = value_or(settings.input_filters, ())
    none: Handler = "none"
    handler = value_or(settings.handler, none)
    if forced.lower() == "none":
        forced = ""
    if not forced and not names and handler == "none":
        return None

    def force_type(exchange: Exchange) -> None:
        if exchange.proxy is None:
            if forced:
                exchange.content_type = forced
            choose_handler(exchange, handler)
        if names and exchange.request_body is not None:
            insert_input_filters(exchange, names)

    return force_type


def _handler(settings: Settings, server: Server) -> Hook:
    return _files(settings, server).handle


MODULE = Module(
    name="core",
    settings=Settings,
    directives={
        "servername": _parse_server_name,
        "serveralias": _parse_aliases,
        "serverpath": _parse_server_path,
        "serveradmin": text("admin"),
        "documentroot": _parse_document_root,
        "timeout": interval("timeout"),
        "keepalive": _parse_keep_alive,
        "keepalivetimeout": interval("keep_alive_timeout"),
        "maxkeepaliverequests": number("max_keep_alive"),
        "limitrequestline": number("limit_line"),
        "limitrequestfields": number("limit_fields"),
        "limitrequestfieldsize": number("limit_field_size"),
        "limitrequestbody": number("limit_body"),
        "httpprotocoloptions": _parse_protocol_options,
        "traceenable": choice("trace", "on", "off", "extended"),
        "servertokens": choice(
            "tokens", "Full", "OS", "Minor", "Major", "Minimal", "Min", "Prod", "ProductOnly"
        ),
        "serversignature": choice("signature", "Off", "On", "EMail"),
        "allowencodedslashes": choice("encoded_slashes", "Off", "On", "NoDecode"),
        "mergeslashes": flag("merge_slashes"),
        "usecanonicalname": _parse_canonical_name,
        "usecanonicalphysicalport": flag("canonical_port"),
        "stricthostcheck": flag("strict_host"),
        "errordocument": _parse_error_document,
        "errorlog": text("error_log"),
        "loglevel": _parse_log_level,
        "errorlogformat": _parse_error_log_format,
        "adddefaultcharset": _parse_default_charset,
        "setoutputfilter": set_filters("output_filters", KINDS),
        "setinputfilter": set_filters("input_filters", INPUT),
        "options": parse_options,
        "regexdefaultoptions": _parse_regex_options,
        "sethandler": parse_set_handler,
        "extendedstatus": flag("extended_status"),
        "forcetype": text("force_type"),
        "fileetag": parse_file_etag_words,
        "acceptpathinfo": parse_accept_path_info,
        "hostnamelookups": choice("hostname_lookups", "Off", "On", "Double"),
        "limitinternalrecursion": _parse_recursion,
        "maxranges": range_limit("max_ranges", 200),
        "maxrangeoverlaps": range_limit("max_range_overlaps", 20),
        "maxrangereversals": range_limit("max_range_reversals", 20),
        "allowoverride": overrides.parse_allow_override,
        "allowoverridelist": overrides.parse_allow_override_list,
        "accessfilename": _words("access_file_names"),
    },
    hooks={
        "names": lambda settings, _server: hook_for(value_or(settings.hostname_lookups, "Off")),
        "translate": _translate,
        "fixups": _fixups,
        "insert_filter": _insert_filter,
        "handler": _handler,
    },
)
