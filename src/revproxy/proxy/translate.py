"""The translate hook of mod_proxy: from the path of a request to where it goes.

Laws:
- ProxyPass of a Location is tried before the whole list of the server; in the list the first
  match wins and `!` ends the search.
- Workers and the index of the list are made once a virtual host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.http.uri import escape_path, parse_url
from revproxy.module import UNSET, Hook, Server, value_or
from revproxy.proxy.mapping import Mapping, Match, ProxyPass, match_entry
from revproxy.proxy.settings import SUPPORTED_SCHEMES, Settings
from revproxy.proxy.target import Target, interpolate_env, split_unix

if TYPE_CHECKING:
    from revproxy.proxy.workers import Workers


def workers_of(settings: Settings, server: Server) -> Workers:
    """The workers of a virtual host, made once."""
    # The network's rooms are loaded where a plan is made, not where a file is checked.
    from revproxy.proxy.workers import Workers

    known = server.shared.get("mod_proxy")
    if known is None:
        known = Workers(value_or(settings.source_address, None))
        for definition in value_or(settings.definitions, ()):
            known.define(definition.url, definition.parameters, merge=True)
        for entry in value_or(settings.passes, ()):
            _define(known, entry)
        server.shared["mod_proxy"] = known
    workers: Workers = known
    return workers


def _define(workers: Workers, entry: ProxyPass) -> None:
    """Make the worker of an entry whose origin is known at load."""
    _, url = split_unix(entry.target or "")
    authority = url.partition("://")[2].partition("/")[0]
    if entry.target is not None and "$" not in authority and "$" not in url.partition(":")[0]:
        workers.define(entry.target, entry.parameters)


class _Translator:
    """The translate hook: from the path of a request to a `Target`."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._workers = workers_of(settings, server)
        self._mapping = _shared_mapping(settings, server)
        self._location = value_or(settings.location_pass, None)
        self._keeps_slashes = server.encoded_slashes == "NoDecode"
        self._interpolates = value_or(settings.interpolate, False)
        # A path is mapped the same way each time: 3 µs of a request that a look-up saves.
        self._known: dict[tuple[str, str], Any] = {}
        """From a path to its target, None for no target."""
        self._resolved: dict[int, tuple[Any, str, str]] = {}
        """By the entry's identity, as to hash one takes a microsecond: the settings hold it."""
        if self._location is not None:
            _define(self._workers, self._location)
            for definition in value_or(settings.definitions, ()):
                self._workers.define(definition.url, definition.parameters, merge=True)

    def __call__(self, exchange: Exchange) -> bool | None:
        if exchange.proxy is not None:
            return True
        if not exchange.path.startswith("/") or "no-proxy" in exchange.env:
            return None
        if self._interpolates or exchange.trace is not None:
            env = exchange.env
            target = self._map(exchange, lambda text: interpolate_env(text, env))
        else:
            key = (exchange.path, exchange.raw_path)
            target = self._known.get(key, _UNKNOWN)
            if target is _UNKNOWN:
                target = self._map(exchange, None)
                if len(self._known) >= _KNOWN_PATHS:
                    self._known.clear()
                self._known[key] = target
        if target is None:
            return None
        query = exchange.query
        if query is not None and not target.noquery:
            if _RAW.search(query):
                raise HTTPError(403, "a space or control character in the query for the origin")
            target = target.with_query(query)
        exchange.proxy = target
        exchange.handler = "proxy-server"
        return True

    def _map(self, exchange: Exchange, interpolate: Callable[[str], str] | None) -> Target | None:
        """The target without query, None for a request that no entry takes."""
        match = None
        if self._location is not None:
            match = match_entry(self._location, exchange.path, exchange.raw_path, interpolate)
        if match is None and self._mapping is not None:
            match = self._mapping.find(exchange.path, exchange.raw_path, interpolate)
        if exchange.trace is not None:
            self._tell(exchange, match, interpolate)
        if match is None or match.entry.target is None:
            return None
        return self._target(exchange, match)

    def _tell(
        self, exchange: Exchange, match: Match | None, interpolate: Callable[[str], str] | None
    ) -> None:
        """Tell which entry takes the path, and which others would have."""
        assert exchange.trace is not None
        if match is None:
            exchange.trace("mod_proxy", f"no ProxyPass takes {exchange.path}")
            return
        chosen = match.entry
        outcome = "is excluded from proxying" if chosen.target is None else f"goes to {match.base}"
        text = f"ProxyPass {chosen.path} takes {exchange.path}: it {outcome}"
        exchange.trace("mod_proxy", text, chosen.location)
        entries = self._mapping.entries if self._mapping is not None else ()
        for entry in entries:
            if entry is chosen:
                continue
            if match_entry(entry, exchange.path, exchange.raw_path, interpolate):
                text = f"ProxyPass {entry.path} would take it too, but is not reached"
                exchange.trace("mod_proxy", text, entry.location, acted=False)

    def _target(self, exchange: Exchange, match: Match) -> Target:
        entry = match.entry
        known = self._resolved.get(id(entry))
        if known is None:
            known = self._resolve(match)
            if not entry.is_dynamic:
                self._resolved[id(entry)] = known
        worker, authority, base = known
        rest = match.rest
        if not base and not rest.startswith("/"):
            # The rest of a path must never run into the authority.
            rest = "/" + rest
        path = base + rest
        if not entry.nocanon and not entry.encoded:
            path = escape_path(path)
            if self._keeps_slashes and "%25" not in exchange.raw_path:
                # What is "%2F" in a decoded path was never decoded (AllowEncodedSlashes NoDecode).
                path = path.replace("%252F", "%2F").replace("%252f", "%2f")
        elif _RAW.search(path):
            raise HTTPError(403, "a space or control character in the URL for the origin")
        return Target(worker, match.base + rest, path, authority, entry.noquery and entry.nocanon)

    def _resolve(self, match: Match) -> tuple[Any, str, str]:
        """Worker, authority and path of a target without the rest. Raises HTTPError."""
        unix, text = split_unix(match.base)
        try:
            url = parse_url(text.replace("?", "%3F") if match.entry.pattern else text)
        except ValueError as error:
            raise HTTPError(400, f"the URL for the origin is invalid: {error}") from None
        if url.scheme not in SUPPORTED_SCHEMES:
            raise HTTPError(500, f"no protocol handler for {url.scheme}://")
        worker = self._workers.find(url, unix)
        if worker is None:
            worker = self._workers.generic(url, match.entry.parameters, unix)
        path = url.path.replace("%3F", "?") if match.entry.pattern else url.path
        return worker, url.authority, path


_KNOWN_PATHS: Final = 4096
_UNKNOWN: Final = object()
_RAW: Final = re.compile(r"[\x00-\x20\x7f]")


def _shared_mapping(settings: Settings, server: Server) -> Mapping | None:
    """The index of the server's entries, made once a virtual host."""
    passes = value_or(settings.passes, ())
    if not passes:
        return None
    known = server.shared.get("mod_proxy.mapping")
    if known is None:
        known = server.shared["mod_proxy.mapping"] = Mapping(passes)
    mapping: Mapping = known
    return mapping


def translate(settings: Settings, server: Server) -> Hook | None:
    if settings.passes is UNSET and settings.location_pass is UNSET:
        return None
    return _Translator(settings, server)
