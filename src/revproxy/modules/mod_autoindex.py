"""mod_autoindex: listings of directories without an index.

Laws:
- Icons, texts and descriptions add up; those of an inner section are tried first.
- What a listing looks like and who is in it is the business of `autoindex/`.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from revproxy.autoindex.listing import Order
from revproxy.autoindex.options import Options, parse_options
from revproxy.autoindex.rules import (
    Description,
    Ignored,
    Rule,
    make_description,
    make_ignored,
    make_rule,
)
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.module import (
    AsyncHook,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    prepend,
    setting,
    text,
    value_or,
)
from revproxy.records import dataclass


def _merge_options(outer: Options, inner: Options) -> Options:
    return inner.over(outer)


def _merge_ignored(outer: Ignored, inner: Ignored) -> Ignored:
    return Ignored(inner.rules if inner.resets else inner.rules + outer.rules)


@dataclass(frozen=True, slots=True)
class Settings:
    """A width of None is `*`: as wide as the longest."""

    options: Options | Unset = setting(_merge_options)
    icons: tuple[Rule, ...] | Unset = setting(prepend)
    alts: tuple[Rule, ...] | Unset = setting(prepend)
    descriptions: tuple[Description, ...] | Unset = setting(prepend)
    ignored: Ignored | Unset = setting(_merge_ignored)
    name_width: int | Unset | None = setting()
    description_width: int | Unset | None = setting()
    icon_width: int | Unset = setting()
    icon_height: int | Unset = setting()
    type: str | Unset = setting()
    charset: str | Unset = setting()
    date_format: str | Unset = setting()
    order: Order | Unset = setting()
    default_icon: str | Unset = setting()
    header: str | Unset = setting()
    readme: str | Unset = setting()
    style_sheet: str | Unset = setting()
    head_insert: str | Unset = setting()


def _add_icon(kind: str) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        icon, *words = directive.values
        alt = None
        if icon.startswith("("):
            if ")" not in icon:
                raise DirectiveError(f"{directive.name}: missing closing paren", argument=0)
            alt, _, icon = icon[1:].partition(",")
            icon = icon.partition(")")[0]
        changes = {"icons": _more(settings.icons, kind, words, icon, scope)}
        if alt is not None:
            changes["alts"] = _more(settings.alts, kind, words, alt, scope)
        return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]

    return parse


def _add_alt(kind: str) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        alt, *words = directive.values
        return dataclasses.replace(settings, alts=_more(settings.alts, kind, words, alt, scope))

    return parse


def _more(
    rules: tuple[Rule, ...] | Unset, kind: str, words: list[str], value: str, scope: Scope
) -> tuple[Rule, ...]:
    return (*value_or(rules, ()), *(make_rule(kind, word, value, scope.argument) for word in words))


def _add_description(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    said, *words = directive.values
    made = (make_description(word, said) for word in words)
    descriptions = (*value_or(settings.descriptions, ()), *made)
    return dataclasses.replace(settings, descriptions=descriptions)


def _index_ignore(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    known = value_or(settings.ignored, Ignored())
    rules = tuple(make_ignored(word, scope.argument) for word in directive.values)
    return dataclasses.replace(settings, ignored=Ignored(known.rules + rules, known.resets))


def _index_ignore_reset(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word not in ("on", "off"):
        raise DirectiveError("IndexIgnoreReset must be On or Off", argument=0)
    known = value_or(settings.ignored, Ignored())
    return dataclasses.replace(settings, ignored=Ignored(known.rules, word == "on"))


def _index_options(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    options, changes = parse_options(value_or(settings.options, Options()), directive)
    return dataclasses.replace(settings, options=options, **changes)


_KEYS: Final = {"name": "N", "date": "M", "size": "S", "description": "D"}


def _index_order(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    direction, key = (word.lower() for word in directive.values)
    if direction not in ("ascending", "descending"):
        text = "First keyword must be 'Ascending' or 'Descending'"
        raise DirectiveError(f"IndexOrderDefault: {text}", argument=0)
    if key not in _KEYS:
        text = "Second keyword must be 'Name', 'Date', 'Size', or 'Description'"
        raise DirectiveError(f"IndexOrderDefault: {text}", argument=1)
    return dataclasses.replace(settings, order=Order(_KEYS[key], direction == "descending"))


def _handler(settings: Settings, server: Server) -> AsyncHook:
    # Where no file loads modules, the module is there for who names it.
    is_there = "mod_autoindex" in server.modules or settings != Settings()
    lister: AsyncHook | None = None

    async def answer(exchange: Exchange) -> bool | None:
        nonlocal lister
        if exchange.filename is None or exchange.proxy is not None:
            return None
        if lister is None:
            # Commands that end soon do without it.
            from revproxy.autoindex.lister import Lister

            lister = Lister(settings, refuses=is_there)
        answered: bool | None = await lister(exchange)
        return answered

    return answer


MODULE = Module(
    name="mod_autoindex",
    settings=Settings,
    directives={
        "addicon": _add_icon("path"),
        "addiconbytype": _add_icon("type"),
        "addiconbyencoding": _add_icon("encoding"),
        "addalt": _add_alt("path"),
        "addaltbytype": _add_alt("type"),
        "addaltbyencoding": _add_alt("encoding"),
        "adddescription": _add_description,
        "indexoptions": _index_options,
        "indexorderdefault": _index_order,
        "indexignore": _index_ignore,
        "indexignorereset": _index_ignore_reset,
        "headername": text("header"),
        "readmename": text("readme"),
        "defaulticon": text("default_icon"),
        "indexstylesheet": text("style_sheet"),
        "indexheadinsert": text("head_insert"),
    },
    hooks={"handler": _handler},
)
