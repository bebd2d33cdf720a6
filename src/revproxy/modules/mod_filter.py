"""mod_filter: filters that are chosen when the response is there, and chains of them.

Laws:
- A filter is declared in the section where it is named first; what an inner section declares under
  a name replaces what an outer one did.
- The provider that was added last is asked first; the first that matches is what the filter is.
- Responses other than 200 pass by, unless `filter-errordocs` is set.
- Media types compare with their case and without parameters; an expression stands for them in
  FilterProvider.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from revproxy.config.expr import compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.filters import Filter, Kind, content_type_of
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, overlay, setting, value_or
from revproxy.named_filters import KINDS, split_names
from revproxy.records import dataclass

Matches = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Provider:
    """A filter that stands for another where it matches."""

    name: str
    matches: Matches
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """A filter that is chosen by its providers."""

    name: str
    kind: Kind = Kind.RESOURCE
    providers: tuple[Provider, ...] = ()
    flags: frozenset[str] = frozenset()
    """What FilterProtocol said of it."""
    traced: bool = False


_KINDS: Final = {
    "resource": Kind.RESOURCE,
    "content_set": Kind.CONTENT_SET,
    "protocol": Kind.PROTOCOL,
    "transcode": Kind.PROTOCOL,
    "connection": Kind.PROTOCOL,
    "network": Kind.PROTOCOL,
}
"""Filters of connections do not exist here: what stands there comes last."""

Chained = tuple[str | None, ...]
"""Names in order; None empties all that stands before it, in outer sections too."""


def _merged(outer: Chained, inner: Chained) -> Chained:
    names = outer + inner
    emptied = [index for index, name in enumerate(names) if name is None]
    return names[emptied[-1] :] if emptied else names


@dataclass(frozen=True, slots=True)
class Settings:
    """What is declared, by name, and what is chained."""

    declared: dict[str, Declared] | Unset = setting(overlay)
    chain: Chained | Unset = setting(_merged)


def _with(settings: Settings, item: Declared) -> Settings:
    declared = {**value_or(settings.declared, {}), item.name: item}
    return dataclasses.replace(settings, declared=declared)


def _parse_declare(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    name, *rest = directive.values
    kind = _KINDS.get(rest[0].lower(), Kind.RESOURCE) if rest else Kind.RESOURCE
    return _with(settings, Declared(name, kind))


def _provided(
    settings: Settings, name: str, provider: Provider, directive: Directive, argument: int
) -> Settings:
    if provider.name not in KINDS:
        raise DirectiveError(
            f"Unknown filter provider {directive.values[argument]}", argument=argument
        )
    declared = value_or(settings.declared, {}).get(name)
    if declared is None:
        declared = Declared(name, KINDS[provider.name])
    providers = (provider, *declared.providers)
    return _with(settings, dataclasses.replace(declared, providers=providers))


def _parse_provider(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    name, provider, expression = directive.values
    split_names(provider, directive, scope, KINDS, 1)
    try:
        matches = compile_condition(expression)
    except ValueError as error:
        message = f"Error parsing FilterProvider expression:{error}"
        raise DirectiveError(message, argument=2) from None
    return _provided(settings, name, Provider(provider.lower(), matches), directive, 1)


def _parse_by_type(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if len(directive.values) < 2:
        raise DirectiveError("AddOutputFilterByType requires at least two arguments")
    names, *types = directive.values
    split_names(names, directive, scope, KINDS)
    for name in filter(None, names.split(";")):
        key = f"BYTYPE:{name}"
        is_new = key not in value_or(settings.declared, {})
        provider = Provider(name.lower(), _has_type(frozenset(types)))
        settings = _provided(settings, key, provider, directive, 0)
        if is_new:
            chain = (*value_or(settings.chain, ()), key)
            settings = dataclasses.replace(settings, chain=chain)
    return settings


def _has_type(types: frozenset[str]) -> Matches:
    def matches(exchange: Exchange) -> bool:
        value = content_type_of(exchange)
        if not value:
            return False
        return value.replace("\t", ";").replace(" ", ";").partition(";")[0] in types

    return matches


def _parse_chain(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    chain = value_or(settings.chain, ())
    for word in directive.values:
        sign, name = (word[0], word[1:]) if word[:1] in ("+", "@", "-", "!", "=") else ("+", word)
        if sign == "@":
            chain = (name, *chain)
        elif sign == "-":
            chain = tuple(item for item in chain if item is None or item.lower() != name.lower())
        elif sign == "!":
            chain = (None,)
        elif sign == "=":
            chain = (None, name)
        else:
            chain = (*chain, name)
    return dataclasses.replace(settings, chain=chain)


_FLAGS: Final = ("change=yes", "change=1:1", "byteranges=no", "proxy=no", "proxy=transform")


def _parse_protocol(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    name, *rest = directive.values
    declared = value_or(settings.declared, {}).get(name)
    if declared is None:
        raise DirectiveError("FilterProtocol: No such filter", argument=0)
    words = rest[-1].lower().replace(";", " ").replace(",", " ").split()
    flags = frozenset(word for word in words if word in (*_FLAGS, "cache=no"))
    if "change=no" in words:
        flags -= {"change=yes", "change=1:1"}
    if len(rest) == 1:
        return _with(settings, dataclasses.replace(declared, flags=flags))
    provider = rest[0].lower()
    if all(item.name != provider for item in declared.providers):
        raise DirectiveError("FilterProtocol: No such provider for this filter", argument=1)
    providers = tuple(
        dataclasses.replace(item, flags=flags) if item.name == provider else item
        for item in declared.providers
    )
    return _with(settings, dataclasses.replace(declared, providers=providers))


def _parse_trace(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    name, level = directive.values
    declared = value_or(settings.declared, {}).get(name)
    if declared is None:
        raise DirectiveError(f"Undeclared smart filter {name}", argument=0)
    return _with(settings, dataclasses.replace(declared, traced=level == "1"))


class ChosenFilter(Filter):
    """One declared filter at work on one response."""

    def __init__(self, declared: Declared) -> None:
        self.kind = declared.kind
        self._declared = declared
        self._chosen: Filter | None = None
        self._trace: Callable[[str], None] | None = None

    def start(self, exchange: Exchange, size: int | None) -> bool:
        if exchange.status != 200 and "filter-errordocs" not in exchange.env:
            return False
        if self._declared.traced:
            self._trace = _tracer(exchange, self._declared.name)
        if not _may_transform(exchange, self._declared.flags):
            return False
        provider = self._choose(exchange)
        if provider is None:
            return False
        _change_fields(exchange, provider.flags)
        chosen = _made(provider, exchange)
        if chosen is None or not chosen.start(exchange, size):
            return False
        self._chosen = chosen
        self.holds_head, self.is_heavy = chosen.holds_head, chosen.is_heavy
        self.step = chosen.step
        return True

    def offer(self, exchange: Exchange, size: int | None) -> float:
        if exchange.status != 200 and "filter-errordocs" not in exchange.env:
            return 0.0
        if not _may_transform(exchange, self._declared.flags):
            return 0.0
        provider = self._choose(exchange)
        made = _made(provider, exchange) if provider is not None else None
        return made.offer(exchange, size) if made is not None else 0.0

    def _choose(self, exchange: Exchange) -> Provider | None:
        for provider in self._declared.providers:
            if provider.matches(exchange) and _may_transform(exchange, provider.flags):
                return provider
        return None

    def feed(self, data: bytes) -> bytes:
        assert self._chosen is not None
        if self._trace is not None:
            self._trace(f"type: HEAP, length: {len(data)}")
        return self._chosen.feed(data)

    def flush(self) -> bytes:
        assert self._chosen is not None
        return self._chosen.flush()

    def finish(self) -> bytes:
        assert self._chosen is not None
        if self._trace is not None:
            self._trace("type: EOS, length: 0")
        return self._chosen.finish()


def _made(provider: Provider, exchange: Exchange) -> Filter | None:
    make = exchange.plan.filters(provider.name)
    return make(exchange) if make is not None else None


def _tracer(exchange: Exchange, name: str) -> Callable[[str], None] | None:
    log = exchange.server.error_log
    if log is None:
        return None
    return lambda text: log.log("debug", "filter", f"{name}: {text}", exchange=exchange)


def _may_transform(exchange: Exchange, flags: frozenset[str]) -> bool:
    """Whether a filter with these flags may work on what an origin sent."""
    if exchange.proxy is None:
        return True
    if "proxy=no" in flags:
        return False
    control = (exchange.out.get("cache-control") or "").lower()
    return "proxy=transform" not in flags or "no-transform" not in control


def _change_fields(exchange: Exchange, flags: frozenset[str]) -> None:
    """What FilterProtocol says that a provider makes of the response's fields."""
    out = exchange.out
    if "proxy=transform" in flags and exchange.proxy is not None:
        out.add("Warning", f"214 {exchange.host or ''} Transformation applied")
    if flags & {"change=yes", "change=1:1"}:
        out.unset("Content-MD5")
        out.unset("ETag")
    if "change=yes" in flags:
        out.unset("Content-Length")
    if "cache=no" in flags:
        out.unset("Last-Modified")
        out.add("Cache-Control", "no-cache")
    if "byteranges=no" in flags:
        out.set("Accept-Ranges", "none")


def _in_force(settings: Settings) -> list[Declared]:
    declared = value_or(settings.declared, {})
    names = _merged(value_or(settings.chain, ()), ())
    return [declared[name] for name in names if name in declared]


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    chain = _in_force(settings)
    if not chain:
        return None

    def insert(exchange: Exchange) -> list[Any]:
        return [] if exchange.generated else [ChosenFilter(item) for item in chain]

    return insert


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    if not any(item.flags & {"byteranges=no", "change=yes"} for item in _in_force(settings)):
        return None

    def whole(exchange: Exchange) -> None:
        # A part of what is filtered makes no sense: the whole is asked for.
        exchange.fields.unset("Range")

    return whole


MODULE = Module(
    name="mod_filter",
    settings=Settings,
    directives={
        "filterdeclare": _parse_declare,
        "filterprovider": _parse_provider,
        "filterchain": _parse_chain,
        "filterprotocol": _parse_protocol,
        "filtertrace": _parse_trace,
        "addoutputfilterbytype": _parse_by_type,
    },
    hooks={"insert_filter": _insert_filter, "fixups": _fixups},
)
