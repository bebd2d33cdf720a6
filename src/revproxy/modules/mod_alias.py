"""mod_alias: paths that are served elsewhere: other directories (Alias), other URLs (Redirect).

Laws:
- At server level a ProxyPass that matches comes first; a Redirect in a section comes before it,
  for it is looked at again in the fixups.
- Redirects are tried before aliases, each list in order, a virtual host's before inherited ones.
- A prefix matches by segments; the rest of the path and the query go on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from revproxy.config.expr import compile_text
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, Location
from revproxy.http.message import Exchange
from revproxy.http.uri import prefix_length
from revproxy.module import (
    Hook,
    Module,
    Parser,
    Scope,
    ScopeKind,
    Server,
    Unset,
    flag,
    prepend,
    setting,
    value_or,
)
from revproxy.pattern import Pattern, compile_pattern, substitute
from revproxy.records import dataclass
from revproxy.rewrite.escape import escape_uri

_STATUS_WORDS: Final = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


@dataclass(frozen=True, slots=True)
class Alias:
    """`Alias path target`, or AliasMatch with a pattern."""

    path: str
    target: str
    pattern: Pattern | None = None
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SectionAlias:
    """`Alias target` in a section: one target for all that it covers."""

    section: str
    """The section's path."""
    target: str | Callable[[Exchange], str | None]
    server_root: str
    location: Location = field(compare=False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """`Redirect status path target`, or RedirectMatch with a pattern.

    `path` None: within a section, every request; nothing is appended to the target then.
    """

    status: int
    path: str | None
    target: str = ""
    expression: Callable[[Exchange], str | None] | None = None
    """What makes the target, in a section; it gives None where it fails."""
    pattern: Pattern | None = None
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """`redirects` are those of servers, `section_redirects` those of sections."""

    aliases: tuple[Alias, ...] | Unset = setting(prepend)
    redirects: tuple[Redirect, ...] | Unset = setting(prepend)
    section_redirects: tuple[Redirect, ...] | Unset = setting(prepend)
    relative: bool | Unset = setting()
    section_alias: SectionAlias | Unset = setting()
    preserves_path: bool | Unset = setting()


def _pattern(text: str, argument: int) -> Pattern:
    try:
        return compile_pattern(text)
    except ValueError as error:
        raise DirectiveError(str(error), argument=argument) from None


def _parse_alias(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    words = directive.values
    if len(words) == 1:
        return _parse_section_alias(settings, directive, scope)
    if scope.kind is not ScopeKind.SERVER:
        raise DirectiveError("Alias in a section takes one argument: what it stands for")
    path, target = words
    is_match = directive.key == "aliasmatch"
    if not is_match and not target.startswith("/"):
        target = scope.path(target)
    alias = Alias(path, target, _pattern(path, 0) if is_match else None, directive.location)
    return dataclasses.replace(settings, aliases=(*value_or(settings.aliases, ()), alias))


def _parse_section_alias(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if scope.kind is ScopeKind.SERVER:
        raise DirectiveError("Alias outside of a section takes a path and what it stands for")
    try:
        target = compile_text(directive.values[0])
    except ValueError as error:
        message = f"Cannot parse alias expression '{directive.values[0]}': {error}"
        raise DirectiveError(message, argument=0) from None
    alias = SectionAlias(scope.argument, target, scope.server_root, directive.location)
    return dataclasses.replace(settings, section_alias=alias)


def _parse_redirect(status: int | None = None) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        redirect = dataclasses.replace(
            _redirect(directive, list(directive.values), status), location=directive.location
        )
        in_section = scope.kind is not ScopeKind.SERVER
        if redirect.path is None and not in_section:
            raise DirectiveError(f"{directive.name} needs a path and a URL at this place")
        name = "section_redirects" if in_section else "redirects"
        known = value_or(getattr(settings, name), ())
        changes: dict[str, Any] = {name: (*known, redirect)}
        return dataclasses.replace(settings, **changes)

    return parse


def _redirect(directive: Directive, words: list[str], fixed: int | None) -> Redirect:
    status, first = fixed or 302, 0
    if fixed is None:
        word = words[0].lower()
        named = _STATUS_WORDS.get(word) or (
            int(word) if word.isascii() and word.isdigit() else None
        )
        if named is not None:
            status, first = named, 1
            words.pop(0)
    is_match = directive.key == "redirectmatch"
    if not 300 <= status <= 399:
        if len(words) > 1:
            raise DirectiveError("Redirect URL not valid for this status", argument=first + 1)
        path = words[0] if words else None
        pattern = _pattern(path, first) if is_match and path else None
        return Redirect(status, path, pattern=pattern)
    if len(words) == 1:
        return _redirect_everything(status, words[0], first)
    if len(words) != 2:
        raise DirectiveError(f"{directive.name}: Redirect URL missing")
    path, target = words
    if is_match:
        return Redirect(status, path, target, pattern=_pattern(path, first))
    if not path.startswith("/"):
        raise DirectiveError("Redirect path must begin with a slash", argument=first)
    if "://" not in target and not target.startswith("/"):
        raise DirectiveError("Redirect to non-URL", argument=first + 1)
    return Redirect(status, path, target)


def _redirect_everything(status: int, target: str, argument: int) -> Redirect:
    try:
        made = compile_text(target)
    except ValueError as error:
        message = f"Cannot parse redirect expression '{target}': {error}"
        raise DirectiveError(message, argument=argument) from None
    if isinstance(made, str):
        return Redirect(status, None, made)
    return Redirect(status, None, target, made)


class _Redirector:
    def __init__(self, redirects: tuple[Redirect, ...], server: Server, relative: bool) -> None:
        self._redirects = redirects
        self._server = server
        self._relative = relative

    def __call__(self, exchange: Exchange) -> None:
        for redirect in self._redirects:
            target = _redirected(redirect, exchange, self._server)
            if exchange.trace is not None:
                _tell(exchange, "Redirect", redirect, target)
            if target is None:
                continue
            if 300 <= redirect.status <= 399:
                if exchange.query is not None and "?" not in target:
                    target = f"{target}?{exchange.query}"
                if target.startswith("/") and not self._relative:
                    target = self._server.self_url(exchange, target)
                exchange.out.set("Location", target)
            raise HTTPError(redirect.status)


def _tell(exchange: Exchange, name: str, entry: Alias | Redirect, found: str | None) -> None:
    """Tell what an entry makes of a request; what does not match is told for its line alone."""
    assert exchange.trace is not None
    what = name if entry.path is None else f"{name} {entry.path}"
    if found is None:
        outcome = f"does not match {exchange.path}"
    elif isinstance(entry, Alias):
        outcome = f"{exchange.path} is the file {found}"
    else:
        outcome = f"{entry.status} {found}".rstrip()
    exchange.trace("mod_alias", f"{what}: {outcome}", entry.location, acted=found is not None)


def _redirected(redirect: Redirect, exchange: Exchange, server: Server) -> str | None:
    """Where a redirect sends a request, None where it does not match."""
    if redirect.path is None:
        if redirect.expression is None:
            return redirect.target
        target = redirect.expression(exchange)
        if target is None:
            raise HTTPError(500)
        return target
    if redirect.pattern is not None:
        match = redirect.pattern.search(exchange.path)
        if match is None:
            return None
        # What was decoded is escaped again; the template's own escapes and its query stay.
        escaped = _EscapedMatch(match)
        return substitute(redirect.target, escaped)  # type: ignore[arg-type]
    length = prefix_length(exchange.path, redirect.path)
    if not length:
        return None
    # As with an alias, what its page and fields say of their context is this line's.
    exchange.context = redirect.path, redirect.target or server.document_root
    return redirect.target + escape_uri(exchange.path[length:])


class _EscapedMatch:
    """A match whose groups are escaped for a URL."""

    def __init__(self, match: Any) -> None:
        self._match = match
        self.re = match.re

    def __getitem__(self, group: int) -> str | None:
        text = self._match[group]
        return None if text is None else escape_uri(text)


def _translate(settings: Settings, server: Server) -> Hook | None:
    aliases = value_or(settings.aliases, ())
    redirects = value_or(settings.redirects, ())
    section = value_or(settings.section_alias, None)
    if not aliases and not redirects and section is None:
        return None
    preserves = value_or(settings.preserves_path, False)
    redirect = _Redirector(redirects, server, value_or(settings.relative, False))

    def translate(exchange: Exchange) -> bool | None:
        redirect(exchange)
        if section is not None:
            exchange.filename = _in_section(section, exchange, preserves=preserves)
            return True
        for alias in aliases:
            name = _aliased(alias, exchange.path)
            if exchange.trace is not None:
                _tell(exchange, "Alias", alias, name)
            if name is not None:
                exchange.filename = name
                if alias.pattern is None:
                    exchange.context = alias.path, alias.target
                return True
        return None

    return translate


def _in_section(alias: SectionAlias, exchange: Exchange, *, preserves: bool) -> str:
    """The file that a section's alias names. Raises HTTPError 500."""
    target = alias.target if isinstance(alias.target, str) else alias.target(exchange)
    if target is None:
        raise HTTPError(500, "Can't evaluate alias expression")
    name = target if target.startswith("/") else f"{alias.server_root.rstrip('/')}/{target}"
    if exchange.trace is not None:
        text = f"Alias: {exchange.path} is the file {name}"
        exchange.trace("mod_alias", text, alias.location, acted=True)
    if not preserves:
        return name
    exchange.context = alias.section, name
    return name + exchange.path[len(alias.section) :]


def _aliased(alias: Alias, path: str) -> str | None:
    """The file an alias names for a path, None where it does not match."""
    if alias.pattern is not None:
        match = alias.pattern.search(path)
        return None if match is None else substitute(alias.target, match)
    length = prefix_length(path, alias.path)
    return alias.target + path[length:] if length else None


def _fixups(settings: Settings, server: Server) -> Hook | None:
    redirects = value_or(settings.section_redirects, ())
    if not redirects:
        return None
    return _Redirector(redirects, server, value_or(settings.relative, False))


MODULE = Module(
    name="mod_alias",
    settings=Settings,
    directives={
        "alias": _parse_alias,
        "aliasmatch": _parse_alias,
        "redirect": _parse_redirect(),
        "redirectmatch": _parse_redirect(),
        "redirecttemp": _parse_redirect(302),
        "redirectpermanent": _parse_redirect(301),
        "aliaspreservepath": flag("preserves_path"),
        "redirectrelative": flag("relative"),
    },
    hooks={"translate": _translate, "fixups": _fixups},
)
