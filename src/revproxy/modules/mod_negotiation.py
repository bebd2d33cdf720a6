"""mod_negotiation: one URL for several files, chosen by what the client takes.

Laws:
- It acts for `Options MultiViews` and for type maps alone; where a file loads it, encodings are
  called what the client calls them besides.
- How variants are found and chosen is the business of `negotiation/`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.module import AsyncHook, Hook, Module, Scope, Server, Unset, flag, setting, value_or
from revproxy.negotiation.wanted import Policy, Views, is_map
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`force` is what ForceLanguagePriority names, in lower case."""

    languages: tuple[str, ...] | Unset = setting()
    force: frozenset[str] | Unset = setting()
    caches: bool | Unset = setting()

    def policy(self) -> Policy:
        """What they say of languages."""
        force = value_or(self.force, frozenset(("prefer",)))
        return Policy(value_or(self.languages, ()), "prefer" in force, "fallback" in force)


def _parse_languages(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """Those of one section add up, those of an inner section replace the outer ones."""
    languages = (*value_or(settings.languages, ()), *directive.values)
    return dataclasses.replace(settings, languages=languages)


def _parse_force(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    force = set(value_or(settings.force, frozenset()))
    for index, word in enumerate(directive.values):
        name = word.lower()
        if name not in ("none", "prefer", "fallback"):
            text = f"Invalid ForceLanguagePriority option {word}"
            raise DirectiveError(text, argument=index)
        if name == "none" and force - {"none"}:
            text = "Cannot combine ForceLanguagePriority options with None"
            raise DirectiveError(text, argument=index)
        if name != "none" and "none" in force:
            text = f"Cannot combine ForceLanguagePriority options None and {word.capitalize()}"
            raise DirectiveError(text, argument=index)
        force.add(name)
    return dataclasses.replace(settings, force=frozenset(force))


# What negotiates is loaded when a request wants it: commands that end soon do without it.


def _type_checker(settings: Settings, _server: Server) -> Hook:
    are_on = Views()
    views: Hook | None = None

    def check(exchange: Exchange) -> Any:
        nonlocal views
        if exchange.filename is None or not are_on(exchange):
            return None
        if views is None:
            from revproxy.negotiation.negotiator import MultiViews

            views = MultiViews(settings.policy())
        return views(exchange)

    return check


def _file_fixups(settings: Settings, server: Server) -> Hook:
    # Where no file loads modules, the module is there for who names it, or MultiViews.
    is_there = "mod_negotiation" in server.modules or settings != Settings()
    are_on = Views()

    def name_encoding(exchange: Exchange) -> None:
        if "Content-Encoding" in exchange.out and (is_there or are_on(exchange)):
            from revproxy.negotiation.negotiator import fix_encoding

            fix_encoding(exchange)

    return name_encoding


def _handler(settings: Settings, server: Server) -> AsyncHook:
    maps: AsyncHook | None = None

    async def answer(exchange: Exchange) -> bool | None:
        nonlocal maps
        if exchange.proxy is not None or exchange.filename is None or not is_map(exchange):
            return None
        if maps is None:
            from revproxy.negotiation.negotiator import TypeMaps

            maps = TypeMaps(settings.policy(), server, is_cached=value_or(settings.caches, False))
        answered: bool | None = await maps(exchange)
        return answered

    return answer


MODULE = Module(
    name="mod_negotiation",
    settings=Settings,
    directives={
        "languagepriority": _parse_languages,
        "forcelanguagepriority": _parse_force,
        "cachenegotiateddocs": flag("caches"),
    },
    hooks={
        "type_checker": _type_checker,
        "file_fixups": _file_fixups,
        "handler": _handler,
    },
)
