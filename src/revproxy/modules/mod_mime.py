"""mod_mime: what a file's extensions say of its type, charset, encoding and language.

Laws:
- Every extension counts, from left to right; unknown ones say nothing.
- AddType goes before TypesConfig; Remove takes back what either said.
- A handler that is not there is refused at load: its files would be sent as they are.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import ConfigError, Diagnostic, DirectiveError, Location, Severity
from revproxy.http.message import UNKNOWN_PARTS, Exchange
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
from revproxy.records import dataclass

_SYSTEM_TYPES: Final = "/etc/mime.types"
_FORM: Final = r'[ \t]*([^\s"(),/:-@[-\]]+)[ \t]*=[ \t]*("(?:[^"\\\n]|\\.)*"|[^\s"(),/:-@[-\]]+)'
_PARAMETER: Final = re.compile(rf";{_FORM}").finditer
_PARAMETERS: Final = re.compile(
    rf'(?:{_FORM}(?:;|$|(?<=")[ \t]*(?:;|$)))*[^"(),/:-@[-\]]*'
).fullmatch
"""A last word without a value says nothing."""
_MATCHES: Final = ("any", "negotiatedonly", "filters", "handlers")


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
    matches: frozenset[str] | Unset = setting()
    """MultiviewsMatch: what besides types and their like makes an extension known."""


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


def _parse_matches(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """Any and NegotiatedOnly stand alone; Filters and Handlers may stand together."""
    matches = set(value_or(settings.matches, frozenset()))
    for index, word in enumerate(directive.values):
        name = word.lower()
        if name not in _MATCHES:
            raise DirectiveError(f"Unrecognized option '{word}'", argument=index)
        others = matches - {name}
        if others and (name in _MATCHES[:2] or others & set(_MATCHES[:2])):
            text = f"{word} is incompatible with {' and '.join(sorted(others))}"
            raise DirectiveError(text, argument=index)
        matches.add(name)
    return dataclasses.replace(settings, matches=frozenset(matches))


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
        added = {name: _normal(kind) for name, kind in value_or(settings.types, {}).items()}
        self._types = _kept({**_types(settings, server), **added})
        self._charsets = _kept(value_or(settings.charsets, {}))
        self._encodings = _kept(value_or(settings.encodings, {}))
        self._languages = _kept(value_or(settings.languages, {}))
        self._handlers = _kept(value_or(settings.handlers, {}))
        self._uses_path_info = value_or(settings.uses_path_info, False)
        self._default_language = value_or(settings.default_language, "")
        matches = value_or(settings.matches, frozenset())
        known: list[Mapping[str, Any]] = [
            *(self._types, self._charsets, self._encodings, self._languages),
            *([self._handlers] if "handlers" in matches else ()),
        ]
        if "filters" in matches:
            known += (value_or(settings.input_filters, {}), value_or(settings.output_filters, {}))
        self._is_known: Callable[[str], bool] = lambda extension: (
            "any" in matches or any(table.get(extension) for table in known)
        )

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
            exchange.content_type = _normal(kind, charset) if charset else kind
        if encodings:
            exchange.out.set("Content-Encoding", ", ".join(encodings))
        if not languages and self._default_language:
            languages.append(self._default_language)
        if languages:
            exchange.out.set("Content-Language", ",".join(languages))
        if exchange.main is not None:
            self._note_unknown(exchange, name)

    def _note_unknown(self, exchange: Exchange, name: str) -> None:
        """Note the parts of a name that say nothing, where some do: mod_negotiation asks."""
        last = name.rpartition("/")[2]
        base, *extensions = last.lstrip(".").split(".")
        unknown = [word for word in extensions if word and not self._is_known(word.lower())]
        if len(unknown) < len([word for word in extensions if word]):
            dots = last[: len(last) - len(last.lstrip("."))]
            exchange.notes[UNKNOWN_PARTS] = "/".join((dots + base, *unknown))


@functools.cache
def _normal(kind: str, charset: str = "") -> str:
    """A type with its parameters as Apache writes them; as it is where they are malformed.

    A charset takes the place of its own, or stands behind its parameters.
    """
    base, mark, parameters = kind.partition(";")
    is_malformed = mark and (not parameters.strip() or _PARAMETERS(parameters) is None)
    if is_malformed or "/" not in base:
        return kind
    parts = [base.strip()]
    for match in _PARAMETER(f";{parameters}"):
        if match[1] != "charset" or not charset:
            parts.append(f"{match[1]}={match[2]}")
        elif f"charset={charset}" not in parts:
            parts.append(f"charset={charset}")
    if charset and f"charset={charset}" not in parts:
        parts.append(f"charset={charset}")
    return "; ".join(parts)


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
        "multiviewsmatch": _parse_matches,
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
