"""mod_proxy_html: links in HTML that point to an origin point to the proxy.

Laws:
- Merging is Apache's (`proxy_html_merge`): links and events of the innermost section that has any;
  maps of both sides together in reverse; what is On stays On, unless the inner section says
  `ProxyHTMLFixups reset`.
- Own directives: ProxyHTMLModern (forms of links that Apache does not know, on by default),
  ProxyHTMLTypes (css, json) and ProxyHTMLSerializer.
- The page's markup is written anew with `ProxyHTMLSerializer apache` alone: see `html/`. All is as
  in Apache then: no links but those of ProxyHTMLLinks, no modern forms unless they are asked for.
- What reads pages is loaded when a plan is made, before there are child processes: to check a
  configuration needs none of it.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import TYPE_CHECKING, Any, Final

from revproxy.config.expr import compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.filters import Filter
from revproxy.html.charset import Charsets, find_codec
from revproxy.html.links import table_of
from revproxy.html.rules import Condition, Rules, make_rule
from revproxy.http.message import Exchange
from revproxy.module import (
    FilterMaker,
    Hook,
    Module,
    Scope,
    Server,
    Unset,
    flag,
    setting,
    value_or,
)
from revproxy.named_filters import check_extra
from revproxy.records import dataclass

if TYPE_CHECKING:
    from revproxy.html.page import Recipe

_STANDARD: Final = "html"


@dataclass(frozen=True, slots=True)
class Settings:
    """ProxyHTML's directives."""

    enable: bool | Unset = setting()
    rules: Rules | Unset = setting()
    links: dict[str, tuple[str, ...]] | Unset = setting()
    events: tuple[str, ...] | Unset = setting()
    extended: bool | Unset = setting()
    interp: bool | Unset = setting()
    strip_comments: bool | Unset = setting()
    meta: bool | Unset = setting()
    fixups: frozenset[str] | Unset = setting()
    doctype: str | Unset = setting()
    charset_out: str | Unset = setting()
    modern: bool | Unset = setting()
    types: frozenset[str] | Unset = setting()
    serializer: str | Unset = setting()
    xhtml: bool | Unset = setting()
    allowed: str | Unset = setting()

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """`inner` over `outer`."""
        values = {
            item.name: getattr(outer, item.name)
            if getattr(inner, item.name) is Unset.UNSET
            else getattr(inner, item.name)
            for item in dataclasses.fields(inner)
        }
        before, after = value_or(outer.rules, ()), value_or(inner.rules, ())
        if before and after:
            values["rules"] = tuple(reversed(before + after))
        fixups = value_or(inner.fixups, frozenset())
        if "reset" in fixups:
            values["fixups"] = fixups - {"reset"}
            for name in _SWITCHES:
                values[name] = getattr(inner, name)
        else:
            values["fixups"] = value_or(outer.fixups, frozenset()) | fixups
            for name in _SWITCHES:
                values[name] = bool(getattr(outer, name) or getattr(inner, name))
        return Settings(**values)


_SWITCHES: Final = ("enable", "extended", "interp", "strip_comments", "meta")
_OLD_CONDITION: Final = re.compile(r"(!)?(\w+)(?:=(.+))?").fullmatch


def _parse_map(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """`ProxyHTMLURLMap from to [flags] [cond]`."""
    words = directive.values
    if len(words) < 2:
        raise DirectiveError("Usage: ProxyHTMLURLMap from-pattern to-pattern [flags] [cond]")
    source, to, *rest = words
    flags = rest[0] if rest else ""
    condition = _condition(rest[1]) if len(rest) > 1 and rest[1] else None
    try:
        rule = make_rule(source, to, flags, condition, directive.location)
    except ValueError as error:
        raise DirectiveError(
            f"Regular expression cannot be compiled: {error}", argument=0
        ) from None
    return dataclasses.replace(settings, rules=(*value_or(settings.rules, ()), rule))


def _condition(text: str) -> Condition:
    """An expression, or `[!]variable[=value]`."""
    old = _OLD_CONDITION(text)
    if old is not None:
        negated, name, value = old.groups()
        if value is None:
            return lambda exchange: bool(exchange.env.get(name)) is not bool(negated)
        return lambda exchange: (exchange.env.get(name, "") == value) is not bool(negated)
    try:
        return compile_condition(text)
    except ValueError as error:
        raise DirectiveError(str(error), argument=3) from None


def _parse_links(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    element, *attributes = directive.values
    links = dict(value_or(settings.links, {}))
    links[element] = (*links.get(element, ()), *attributes)
    return dataclasses.replace(settings, links=links)


def _parse_events(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    events = (*value_or(settings.events, ()), *directive.values)
    return dataclasses.replace(settings, events=events)


def _parse_fixups(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = frozenset(word.lower() for word in directive.values)
    known = words & {"lowercase", "dospath", "reset"}
    return dataclasses.replace(settings, fixups=value_or(settings.fixups, frozenset()) | known)


_HTML4: Final = '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01{}//EN">\n'
_XHTML1: Final = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 {0}//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-{1}.dtd">\n'
)


def _parse_doctype(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word, *rest = directive.values
    legacy = bool(rest) and rest[0].lower() == "legacy"
    doctype = {
        "auto": "",
        "html5": "<!DOCTYPE html>\n",
        "html": _HTML4.format(" Transitional" if legacy else ""),
        "xhtml": _XHTML1.format("Transitional", "transitional")
        if legacy
        else _XHTML1.format("Strict", "strict"),
    }.get(word.lower(), word)
    kind, mark = word.lower(), rest[0][:1].lower() if rest else ""
    named = kind in ("html", "xhtml")
    return dataclasses.replace(
        settings,
        doctype=doctype,
        xhtml=kind == "xhtml" if named else mark == "x",
        allowed=("legacy" if legacy else "strict") if named else "",
    )


def _parse_serializer(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word not in ("apache", "exact"):
        raise DirectiveError("ProxyHTMLSerializer takes exact and apache", argument=0)
    if word == "apache":
        check_extra("lxml", 0)
    return dataclasses.replace(settings, serializer=word)


def _parse_charset_out(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0]
    if word != "*" and find_codec(word, {}) is None:
        raise DirectiveError(f"the charset '{word}' is not known", argument=0)
    return dataclasses.replace(settings, charset_out=word)


def _parse_types(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    for index, word in enumerate(directive.values):
        if word.lower() not in (_STANDARD, "css", "json"):
            raise DirectiveError("ProxyHTMLTypes takes html, css and json", argument=index)
    types = frozenset(word.lower() for word in directive.values)
    return dataclasses.replace(settings, types=types)


def _recipe(settings: Settings, charsets: Charsets) -> Recipe:
    from revproxy.html.page import Recipe

    extended = value_or(settings.extended, False)
    as_apache = value_or(settings.serializer, "exact") == "apache"
    modern = value_or(settings.modern, not as_apache)
    links = value_or(settings.links, {} if as_apache else None)
    events = value_or(settings.events, ()) if extended else ()
    table = table_of(links, events, modern=modern)
    fixups = value_or(settings.fixups, frozenset())
    return Recipe(
        table={
            element.encode("latin-1"): {name.encode("latin-1"): form for name, form in row.items()}
            for element, row in table.items()
        },
        rules=value_or(settings.rules, ()),
        extended=extended,
        modern=modern,
        strip_comments=value_or(settings.strip_comments, False),
        meta=value_or(settings.meta, False),
        lowercase="lowercase" in fixups,
        dospath="dospath" in fixups,
        doctype=value_or(settings.doctype, "").encode("latin-1"),
        as_apache=as_apache,
        has_links=bool(links) or not as_apache,
        xhtml=value_or(settings.xhtml, False),
        allowed=value_or(settings.allowed, ""),
        charset_out=value_or(settings.charset_out, ""),
        charset_default=value_or(charsets.default, ""),
        aliases=value_or(charsets.aliases, {}),
        start_parse=value_or(charsets.start_parse, ()),
        types=value_or(settings.types, frozenset()),
    )


def _proxy_html(settings: Settings, _server: Server) -> FilterMaker:
    from revproxy.html.filter import HtmlFilter
    from revproxy.html.page import Kit

    kits: list[Kit] = []
    interpolates = value_or(settings.interp, False)
    if value_or(settings.serializer, "exact") == "apache":
        # Here, before there are child processes: no request waits for it.
        importlib.import_module("revproxy.html.serialise")

    def make(exchange: Exchange) -> Filter:
        if not kits:
            # The maker is one plan's, and mod_xml2enc's settings are the plan's.
            charsets = exchange.plan.settings.get("mod_xml2enc") or Charsets()
            recipe = _recipe(settings, charsets)
            kits.append(Kit(recipe, recipe.rules))
        return HtmlFilter(kits[0], interpolates=interpolates)

    return make


def _insert_filter(settings: Settings, server: Server) -> Hook | None:
    importlib.import_module("revproxy.html.filter")
    if not value_or(settings.enable, False):
        return None
    make = _proxy_html(settings, server)

    def insert(exchange: Exchange) -> list[Any]:
        return [] if exchange.generated or exchange.proxy is None else [make(exchange)]

    return insert


MODULE = Module(
    name="mod_proxy_html",
    settings=Settings,
    directives={
        "proxyhtmlenable": flag("enable"),
        "proxyhtmlurlmap": _parse_map,
        "proxyhtmllinks": _parse_links,
        "proxyhtmlevents": _parse_events,
        "proxyhtmlextended": flag("extended"),
        "proxyhtmlinterp": flag("interp"),
        "proxyhtmlstripcomments": flag("strip_comments"),
        "proxyhtmlmeta": flag("meta"),
        "proxyhtmlfixups": _parse_fixups,
        "proxyhtmldoctype": _parse_doctype,
        "proxyhtmlcharsetout": _parse_charset_out,
        "proxyhtmlmodern": flag("modern"),
        "proxyhtmltypes": _parse_types,
        "proxyhtmlserializer": _parse_serializer,
    },
    hooks={"insert_filter": _insert_filter},
    filters={"proxy-html": _proxy_html},
)
