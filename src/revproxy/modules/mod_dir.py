"""mod_dir: DirectoryIndex, DirectorySlash, FallbackResource.

Laws:
- An index is looked up by a sub-request: rules, aliases and the sections of the index decide too.
- All that happens after access to the directory was granted, so that nobody learns of one that is
  closed to him.
"""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Coroutine
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import REDIRECT_HANDLER, Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, flag, setting, value_or
from revproxy.records import dataclass
from revproxy.rewrite.escape import escape_uri
from revproxy.subrequest import LookUp, look_up_uri, take_over
from revproxy.waiting import run


@dataclass(frozen=True, slots=True)
class Settings:
    """`index_redirect` is a status, 0 for none; `fallback` is "" where it is disabled."""

    indexes: tuple[str, ...] | Unset = setting()
    slash: bool | Unset = setting()
    index_redirect: int | Unset = setting()
    fallback: str | Unset = setting()
    check_handler: bool | Unset = setting()


_DEFAULT_INDEXES: Final = ("index.html",)
_REDIRECTS: Final = {"off": 0, "on": 302, "temp": 302, "permanent": 301, "seeother": 303}


def _parse_index(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """Names of one section add up, those of an inner section replace the outer ones."""
    words = directive.values
    if words == ("disabled",):
        return dataclasses.replace(settings, indexes=())
    return dataclasses.replace(settings, indexes=(*value_or(settings.indexes, ()), *words))


def _parse_index_redirect(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    status = _REDIRECTS.get(word)
    if status is None:
        if not (word.isascii() and word.isdigit()):
            raise DirectiveError("DirectoryIndexRedirect ON|OFF|permanent|temp|seeother|3xx")
        status = int(word)
        if not 300 <= status <= 399:
            raise DirectiveError(
                "DirectoryIndexRedirect only accepts values between 300 and 399", argument=0
            )
    return dataclasses.replace(settings, index_redirect=status)


def _parse_fallback(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0]
    return dataclasses.replace(settings, fallback="" if word.lower() == "disabled" else word)


class _Directories:
    """The hook: what stands for a directory, or for what is not there."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._indexes = value_or(settings.indexes, _DEFAULT_INDEXES)
        self._redirect = value_or(settings.index_redirect, 0)
        self._fallback = value_or(settings.fallback, "")
        self._slash = value_or(settings.slash, True)
        self._checks_handler = value_or(settings.check_handler, False)
        self._server = server

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, None] | None:
        name = exchange.filename
        if name is None:
            return None
        try:
            mode = os.stat(name.encode("latin-1")).st_mode
        except (OSError, ValueError):
            if not self._fallback or exchange.handler is not None or exchange.proxy is not None:
                return None
            return run(self._fall_back, exchange)
        if not stat.S_ISDIR(mode) or exchange.path_info:
            return None
        if not exchange.path.endswith("/"):
            self._add_slash(exchange)
            return None
        if exchange.handler == REDIRECT_HANDLER:
            return None
        if not self._indexes or (self._checks_handler and exchange.handler is not None):
            return None
        return run(self._index, exchange)

    def _add_slash(self, exchange: Exchange) -> None:
        """Send the client to the directory's own URL. Raises HTTPError."""
        if not self._slash:
            return
        if exchange.method not in ("GET", "HEAD") and "redirect-carefully" in exchange.env:
            return
        query = "" if exchange.query is None else f"?{exchange.query}"
        target = f"{escape_uri(exchange.path)}/{query}"
        exchange.out.set("Location", self._server.self_url(exchange, target))
        raise HTTPError(301)

    def _index(self, exchange: Exchange) -> None:
        """Let the first index that can be served stand for the directory. Raises HTTPError."""
        error = 0
        for word in self._indexes:
            found = self._look_up(exchange, word)
            if found.is_servable:
                if self._redirect:
                    url = self._server.self_url(exchange, found.exchange.path)
                    exchange.out.set("Location", url)
                    raise HTTPError(self._redirect)
                self._serve(exchange, found)
                return
            is_final = found.status in (401, 406) and len(self._indexes) == 1
            if 300 <= found.status <= 399 or is_final:
                self._pass_on(exchange, found)
            if found.status not in (200, 404):
                error = found.status
        if error:
            raise HTTPError(error)

    def _fall_back(self, exchange: Exchange) -> None:
        found = self._look_up(exchange, self._fallback)
        if found.is_servable:
            self._serve(exchange, found)
        elif 300 <= found.status <= 399:
            self._pass_on(exchange, found)
        elif found.status not in (200, 404):
            raise HTTPError(found.status)

    def _look_up(self, exchange: Exchange, path: str) -> LookUp:
        query = "" if exchange.query is None else f"?{exchange.query}"
        return look_up_uri(exchange, path + query)

    def _serve(self, exchange: Exchange, found: LookUp) -> None:
        if exchange.trace is not None:
            exchange.trace("dir", f"{exchange.path} is served by {found.name}")
        take_over(exchange, found.exchange)
        if found.redirect is not None:
            raise found.redirect

    def _pass_on(self, exchange: Exchange, found: LookUp) -> None:
        """The answer to a sub-request is that to the request. Raises HTTPError."""
        inner = found.exchange
        exchange.notes.update(inner.notes)
        exchange.out.items = inner.out.items + exchange.out.items
        exchange.err.items = inner.err.items + exchange.err.items
        raise HTTPError(found.status)


def _file_fixups(settings: Settings, server: Server) -> Hook:
    return _Directories(settings, server)


MODULE = Module(
    name="mod_dir",
    settings=Settings,
    directives={
        "directoryindex": _parse_index,
        "directoryslash": flag("slash"),
        "directoryindexredirect": _parse_index_redirect,
        "fallbackresource": _parse_fallback,
        "directorycheckhandler": flag("check_handler"),
    },
    hooks={"file_fixups": _file_fixups},
)
