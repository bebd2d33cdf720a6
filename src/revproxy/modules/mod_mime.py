"""mod_mime: what a file's extensions say of its type, charset, encoding and language.

Laws:
- Every extension counts, from left to right; unknown ones say nothing.
- AddType goes before TypesConfig; Remove takes back what either said.
- A handler that is not there is refused at load: its files would be sent as they are.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import ConfigError, Diagnostic, DirectiveError, Location, Severity
from revproxy.http.message import Exchange
from revproxy.module import (
    Hook,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    flag,
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
    split_names,
)
from revproxy.proxy.handlers import check_handler

_SYSTEM_TYPES: Final = "/etc/mime.types"


@dataclass(frozen=True, slots=True)
class TypesFile:
    """TypesConfig, and where it stands."""

    name: str
    location: Location


@dataclass(frozen=True, slots=True)
class Settings:
    """By extension in lower case without its dot; "" for what was removed."""

    types_file: TypesFile | Unset = setting()
    types: dict[str, str] | Unset = setting(overlay)
    charsets: dict[str, str] | Unset = setting(overlay)
    encodings: dict[str, str] | Unset = setting(overlay)
    languages: dict[str, str] | Unset = setting(overlay)
    handlers: dict[str, str] | Unset = setting(overlay)
    default_language: str | Unset = setting()
    output_filters: dict[str, Names] | Unset = setting(overlay)
    input_filters: dict[str, Names] | Unset = setting(overlay)
    uses_path_info: bool | Unset = setting()


def _extension(word: str) -> str:
    return word.removeprefix(".").lower()


def _add(name: str) -> Parser:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        value, *extensions = directive.values
        value = check_handler(value, 0) if name == "handlers" else value.lower()
        entries = {_extension(word): value for word in extensions}
        return _changed(settings, name, entries)

    return parse


def _remove(name: str) -> Parser:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        return _changed(settings, name, {_extension(word): "" for word in directive.values})

    return parse


def _add_filters(name: str, known: Iterable[str]) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        value, *extensions = directive.values
        names = split_names(value, directive, scope, known)
        return _changed(settings, name, {_extension(word): names for word in extensions})

    return parse


def _remove_filters(name: str) -> Parser:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        return _changed(settings, name, {_extension(word): () for word in directive.values})

    return parse


def _changed(settings: Settings, name: str, entries: Mapping[str, Any]) -> Settings:
    table = {**value_or(getattr(settings, name), {}), **entries}
    return dataclasses.replace(settings, **{name: table})  # type: ignore[arg-type]


def _check_match(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """MultiviewsMatch is for mod_negotiation alone, which is not here: nothing comes of it."""
    words = {word.lower() for word in directive.values}
    for index, word in enumerate(directive.values):
        if word.lower() not in ("any", "negotiatedonly", "filters", "handlers"):
            raise DirectiveError(f"Unrecognized option '{word}'", argument=index)
    if len(words) > 1 and words & {"any", "negotiatedonly"}:
        raise DirectiveError(f"{directive.values[1]} is incompatible with {directive.values[0]}")
    return settings


def _parse_types_config(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    name = scope.path(directive.values[0])
    return dataclasses.replace(settings, types_file=TypesFile(name, directive.location))


@functools.cache
def read_types(name: str) -> Mapping[str, str]:
    """The types by extension of a `mime.types` file. Raises OSError."""
    types: dict[str, str] = {}
    for line in Path(name).read_text("latin-1").splitlines():
        kind, *extensions = line.partition("#")[0].split() or ("",)
        types.update((extension.lower(), kind) for extension in extensions)
    return types


def _types(settings: Settings, server: Server) -> Mapping[str, str]:
    """The types of TypesConfig, or of `conf/mime.types`, or of the system. Raises ConfigError."""
    configured = value_or(settings.types_file, None)
    if configured is not None:
        try:
            return read_types(configured.name)
        except OSError as error:
            message = f"could not open mime types config file {configured.name}: {error.strerror}"
            raise ConfigError(
                [Diagnostic("types-config", Severity.ERROR, configured.location, message)]
            ) from None
    for name in (f"{server.server_root.rstrip('/')}/conf/mime.types", _SYSTEM_TYPES):
        try:
            return read_types(name)
        except OSError:
            continue
    return {}


class _Typer:
    """Tells what a file is by its name."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._types = _kept({**_types(settings, server), **value_or(settings.types, {})})
        self._charsets = _kept(value_or(settings.charsets, {}))
        self._encodings = _kept(value_or(settings.encodings, {}))
        self._languages = _kept(value_or(settings.languages, {}))
        self._handlers = _kept(value_or(settings.handlers, {}))
        self._uses_path_info = value_or(settings.uses_path_info, False)
        self._default_language = value_or(settings.default_language, "")

    def __call__(self, exchange: Exchange) -> None:
        name = exchange.filename
        if name is None or exchange.proxy is not None:
            return
        extensions = _extensions(name + exchange.path_info if self._uses_path_info else name)
        kind = charset = ""
        encodings: list[str] = []
        languages: list[str] = []
        for extension in extensions:
            kind = self._types.get(extension, kind)
            charset = self._charsets.get(extension, charset)
            exchange.handler = self._handlers.get(extension, exchange.handler)
            if extension in self._encodings:
                encodings.append(self._encodings[extension])
            if extension in self._languages:
                languages.append(self._languages[extension])
        if kind:
            exchange.content_type = f"{kind}; charset={charset}" if charset else kind
        if encodings:
            exchange.out.set("Content-Encoding", ", ".join(encodings))
        if not languages and self._default_language:
            languages.append(self._default_language)
        if languages:
            exchange.out.set("Content-Language", ", ".join(languages))


def _extensions(name: str) -> list[str]:
    """The extensions of a file's name or of a URL, in lower case."""
    return name.rpartition("/")[2].lstrip(".").lower().split(".")[1:]


def _names(exchange: Exchange, table: Mapping[str, Names]) -> Names:
    """The filters for the extensions of what is asked for; a proxied URL has extensions too."""
    name = exchange.filename if exchange.proxy is None else exchange.proxy.url.partition("?")[0]
    found: Names = ()
    for extension in _extensions(name or ""):
        found += table.get(extension, ())
    return found


def _kept(table: Mapping[str, str]) -> dict[str, str]:
    return {extension: value for extension, value in table.items() if value}


def _type_checker(settings: Settings, server: Server) -> Hook:
    return _Typer(settings, server)


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    table = value_or(settings.output_filters, {})
    if not any(table.values()):
        return None
    return lambda exchange: output_filters(exchange, _names(exchange, table))


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    table = value_or(settings.input_filters, {})
    if not any(table.values()):
        return None

    def insert(exchange: Exchange) -> None:
        if exchange.request_body is not None:
            insert_input_filters(exchange, _names(exchange, table))

    return insert


MODULE = Module(
    name="mod_mime",
    settings=Settings,
    directives={
        "typesconfig": _parse_types_config,
        "addtype": _add("types"),
        "addcharset": _add("charsets"),
        "addencoding": _add("encodings"),
        "addlanguage": _add("languages"),
        "addhandler": _add("handlers"),
        "removetype": _remove("types"),
        "removecharset": _remove("charsets"),
        "removeencoding": _remove("encodings"),
        "removelanguage": _remove("languages"),
        "removehandler": _remove("handlers"),
        "modmimeusepathinfo": flag("uses_path_info"),
        "multiviewsmatch": _check_match,
        "defaultlanguage": text("default_language"),
        "addoutputfilter": _add_filters("output_filters", KINDS),
        "addinputfilter": _add_filters("input_filters", INPUT),
        "removeoutputfilter": _remove_filters("output_filters"),
        "removeinputfilter": _remove_filters("input_filters"),
    },
    hooks={
        "type_checker": _type_checker,
        "fixups": _fixups,
        "insert_filter": _insert_filter,
    },
)
