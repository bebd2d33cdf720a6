"""mod_dir: DirectoryIndex, DirectorySlash, FallbackResource.

Laws:
- An index takes the directory's place before access is decided, so that the sections of the
  index decide too.
- A directory that is asked for without its slash is redirected after access was granted, so that
  nobody learns of one that is closed to him.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.http.uri import escape_path
from revproxy.module import Hook, Module, Scope, Server, Unset, flag, setting, value_or
from revproxy.static.find import Links, find


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


def _is_file(name: str) -> bool:
    return os.path.isfile(name.encode("latin-1"))


def _is_directory(name: str) -> bool:
    return os.path.isdir(name.encode("latin-1"))


class _Indexer:
    """The indexes of a directory, and what stands in for a file that is not there."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._indexes = value_or(settings.indexes, _DEFAULT_INDEXES)
        self._redirect = value_or(settings.index_redirect, 0)
        self._fallback = value_or(settings.fallback, "")
        self._root = server.document_root.rstrip("/")
        self._server = server

    def index(self, exchange: Exchange) -> tuple[str, str] | None:
        """The path and the name of the first index that exists."""
        assert exchange.filename is not None
        base = exchange.filename.rstrip("/") + "/"
        for word in self._indexes:
            path = word if word.startswith("/") else exchange.path + word
            name = self._root + word if word.startswith("/") else base + word
            if _is_file(name):
                return path, name
        return None

    def map(self, exchange: Exchange) -> None:
        name = exchange.filename
        if name is None or exchange.method == "OPTIONS":
            return
        found: tuple[str, str] | None = None
        if exchange.path.endswith("/") and _is_directory(name):
            found = self.index(exchange)
            if found is not None and self._redirect:
                return
        elif find(name, Links()).info is not None:
            return
        if found is None:
            if not self._fallback:
                return
            found = self._fallback, self._root + self._fallback
            if found[0] == exchange.path:
                return
        if exchange.trace is not None:
            exchange.trace("dir", f"{exchange.path} is served by {found[1]}")
        exchange.path, exchange.filename = found
        exchange.plan = exchange.server.full_plan(exchange)

    def redirect(self, exchange: Exchange) -> None:
        """Send the client to the index. Raises HTTPError."""
        name = exchange.filename
        if name is None or not exchange.path.endswith("/") or not _is_directory(name):
            return
        found = self.index(exchange)
        if found is not None:
            _send_to(exchange, self._server, found[0], self._redirect)


def _send_to(exchange: Exchange, server: Server, path: str, status: int) -> None:
    target = escape_path(path)
    if exchange.query is not None:
        target = f"{target}?{exchange.query}"
    exchange.out.set("Location", server.self_url(exchange, target))
    raise HTTPError(status)


def _map(settings: Settings, server: Server) -> Hook:
    return _Indexer(settings, server).map


def _type_checker(settings: Settings, server: Server) -> Hook | None:
    slash = value_or(settings.slash, True)
    indexer = _Indexer(settings, server) if value_or(settings.index_redirect, 0) else None
    if not slash and indexer is None:
        return None

    def redirect(exchange: Exchange) -> None:
        name = exchange.filename
        if name is None or exchange.proxy is not None:
            return
        if slash and not exchange.path.endswith("/") and _is_directory(name):
            _send_to(exchange, server, f"{exchange.path}/", 301)
        if indexer is not None:
            indexer.redirect(exchange)

    return redirect


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
    hooks={"map": _map, "type_checker": _type_checker},
)
