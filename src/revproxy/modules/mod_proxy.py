"""mod_proxy: which requests go to an origin, and with what settings.

Laws:
- ProxyPass of a Location is tried before the whole list of the server; in the list the first
  match wins and `!` ends the search.
- The forward proxy is not there: ProxyRequests On is an error, so no file makes an open proxy.
- Workers are made once a virtual host, from ProxyPass, `<Proxy>` and ProxySet in file order.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, OriginError
from revproxy.http.message import Exchange
from revproxy.http.trace import answer_trace, check_trace
from revproxy.http.uri import escape_path, parse_url
from revproxy.module import (
    UNSET,
    Hook,
    Module,
    Scope,
    ScopeKind,
    Server,
    Unset,
    append,
    choice,
    flag,
    number,
    seconds,
    setting,
    text,
    value_or,
)
from revproxy.pattern import compile_pattern
from revproxy.proxy.facts import ProxyFacts
from revproxy.proxy.mapping import Mapping, Match, ProxyPass, match_entry
from revproxy.proxy.parameters import with_parameters
from revproxy.proxy.reverse import CookieRule, ReverseRule
from revproxy.proxy.target import Target, WorkerDefinition, interpolate_env, split_unix
from revproxy.upstream.parameters import Parameters

if TYPE_CHECKING:
    from revproxy.proxy.workers import Workers

SUPPORTED_SCHEMES: Final = frozenset(("http", "ws"))
_UNSUPPORTED: Final = {
    "ajp": "mod_proxy_ajp",
    "balancer": "mod_proxy_balancer",
    "fcgi": "mod_proxy_fcgi",
    "ftp": "mod_proxy_ftp",
    "h2": "mod_proxy_http2",
    "h2c": "mod_proxy_http2",
    "https": "mod_ssl (SSLProxyEngine)",
    "scgi": "mod_proxy_scgi",
    "uwsgi": "mod_proxy_uwsgi",
    "wss": "mod_ssl (SSLProxyEngine)",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The directives of mod_proxy, server and per-directory ones."""

    passes: tuple[ProxyPass, ...] | Unset = setting(append)
    location_pass: ProxyPass | Unset = setting()
    definitions: tuple[WorkerDefinition, ...] | Unset = setting(append)
    reverses: tuple[ReverseRule, ...] | Unset = setting(append)
    cookie_domains: tuple[CookieRule, ...] | Unset = setting(append)
    cookie_paths: tuple[CookieRule, ...] | Unset = setting(append)
    preserve_host: bool | Unset = setting()
    add_headers: bool | Unset = setting()
    continue_100: bool | Unset = setting()
    interpolate: bool | Unset = setting()
    error_override: tuple[bool, frozenset[int]] | Unset = setting()
    """On or off, and the codes it is limited to (none: all from 400)."""
    via: str | Unset = setting()
    timeout: float | Unset = setting()
    bad_header: str | Unset = setting()
    max_forwards: int | Unset = setting()
    blocks: tuple[str, ...] | Unset = setting(append)
    io_buffer: int | Unset = setting()
    receive_buffer: int | Unset = setting()
    source_address: str | Unset = setting()
    inherit: bool | Unset = setting()
    requests: bool | Unset = setting()


def _parse_pass(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    is_match = directive.key == "proxypassmatch"
    words = list(directive.values)
    in_section = scope.kind is not ScopeKind.SERVER
    if scope.kind in (ScopeKind.DIRECTORY, ScopeKind.FILES):
        raise DirectiveError(f"{directive.name} is not allowed in this section")
    if in_section:
        path, first = scope.argument, 0
    else:
        if len(words) < 2:
            raise DirectiveError(f"{directive.name} needs a path and a URL when not in a Location")
        path, first = words[0], 1
    if in_section and len(words) > 1 and "=" not in words[1] and words[1] not in _WORDS:
        raise DirectiveError(
            f"{directive.name} can not have a path when defined in a location", argument=0
        )
    if not words[first:]:
        raise DirectiveError(f"{directive.name} needs a URL")
    entry = _entry(directive, path, words[first], words[first + 1 :], scope, is_match, first)
    if in_section:
        return dataclasses.replace(settings, location_pass=entry)
    return dataclasses.replace(settings, passes=(*value_or(settings.passes, ()), entry))


_WORDS: Final = ("nocanon", "interpolate", "noquery")


def _entry(
    directive: Directive,
    path: str,
    target: str,
    options: list[str],
    scope: Scope,
    is_match: bool,
    first: int,
) -> ProxyPass:
    flags = {word.lower() for word in options if word.lower() in _WORDS}
    pairs = [word for word in options if word.lower() not in _WORDS]
    mapping = [word[8:].lower() for word in pairs if word.lower().startswith("mapping=")]
    pairs = [word for word in pairs if not word.lower().startswith("mapping=")]
    if mapping and mapping[-1] not in ("encoded", "servlet"):
        raise DirectiveError(f"{directive.name}: mapping= must be 'encoded' or 'servlet'")
    pattern = None
    if is_match:
        pattern = scope.pattern
        if pattern is None:
            try:
                pattern = compile_pattern(path)
            except ValueError as error:
                raise DirectiveError(str(error), argument=0) from None
    parameters = _parameters(directive, pairs)
    if target != "!":
        check_target(target, directive, argument=first)
    return ProxyPass(
        path=path,
        target=None if target == "!" else target,
        pattern=pattern,
        parameters=parameters,
        nocanon="nocanon" in flags,
        noquery="noquery" in flags,
        interpolate="interpolate" in flags,
        encoded=bool(mapping) and mapping[-1] == "encoded",
        servlet=bool(mapping) and mapping[-1] == "servlet",
    )


def check_target(target: str, directive: Directive, *, argument: int) -> None:
    """Refuse a URL that no handler serves. Raises DirectiveError."""
    unix, url = split_unix(target)
    scheme, separator, rest = url.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][-+.A-Za-z0-9]*", scheme):
        if "$" in scheme:
            return
        raise DirectiveError(
            f"{directive.name}: URL must be absolute!",
            argument=argument,
            hint="write it with its scheme, as in http://host/",
        )
    scheme = scheme.lower()
    if scheme in _UNSUPPORTED:
        raise DirectiveError(
            f"{directive.name}: {scheme}:// needs {_UNSUPPORTED[scheme]}, "
            "which revproxy does not implement yet",
            argument=argument,
        )
    if scheme not in SUPPORTED_SCHEMES:
        raise DirectiveError(
            f"{directive.name}: no protocol handler for {scheme}://", argument=argument
        )
    if "$" in rest or unix:
        return
    try:
        parse_url(url)
    except ValueError as error:
        raise DirectiveError(f"{directive.name}: {error}", argument=argument) from None


def _parameters(directive: Directive, pairs: list[str]) -> Parameters:
    try:
        return with_parameters(Parameters(), pairs)
    except ValueError as error:
        raise DirectiveError(f"{directive.name}: {error}") from None


def _parse_set(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    """ProxySet, and what stands behind the URL of `<Proxy url …>`."""
    words = list(directive.values)
    if scope.kind is ScopeKind.PROXY:
        url = scope.argument
        if scope.pattern is not None or "*" in url or "?" in url:
            raise DirectiveError("ProxySet can not be used in a wildcard <Proxy> section")
    elif words and "=" not in words[0]:
        url = words.pop(0)
    else:
        raise DirectiveError("ProxySet needs a URL when not in a <Proxy> section", argument=0)
    if not words:
        raise DirectiveError("ProxySet needs at least one key=value parameter")
    check_target(url, directive, argument=0)
    definition = WorkerDefinition(url, _parameters(directive, words))
    return dataclasses.replace(
        settings, definitions=(*value_or(settings.definitions, ()), definition)
    )


def _parse_reverse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    words = list(directive.values)
    interpolate = False
    if scope.kind is ScopeKind.SERVER:
        if len(words) < 2:
            raise DirectiveError("ProxyPassReverse needs a path and a URL")
        public, origin, *more = words
    else:
        public, origin, *more = scope.argument, *words
        if more and more[0].lower() != "interpolate":
            raise DirectiveError(
                "ProxyPassReverse can not have a path when defined in a location", argument=0
            )
    if more:
        # Apache takes any third word for "interpolate".
        interpolate = True
    rule = ReverseRule(public, origin, interpolate)
    return dataclasses.replace(settings, reverses=(*value_or(settings.reverses, ()), rule))


def _parse_cookie(name: str) -> Any:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        internal, public, *more = directive.values
        if more and more[0].lower() != "interpolate":
            raise DirectiveError(f"{directive.name}: '{more[0]}' is not 'interpolate'", argument=2)
        rules = (*value_or(getattr(settings, name), ()), CookieRule(internal, public, bool(more)))
        changes: dict[str, Any] = {name: rules}
        return dataclasses.replace(settings, **changes)

    return parse


def _parse_error_override(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    first, *codes = directive.values
    if first.lower() not in ("on", "off"):
        raise DirectiveError("ProxyErrorOverride must be On or Off", argument=0)
    numbers = set()
    for index, word in enumerate(codes, 1):
        if not word.isdigit() or not 400 <= int(word) <= 599:
            raise DirectiveError(
                "ProxyErrorOverride: status codes must be between 400 and 599", argument=index
            )
        numbers.add(int(word))
    value = (first.lower() == "on", frozenset(numbers))
    return dataclasses.replace(settings, error_override=value)


def _parse_requests(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word == "on":
        raise DirectiveError(
            "ProxyRequests On (a forward proxy) is not implemented",
            argument=0,
            hint="a reverse proxy does not need it: write ProxyRequests Off",
        )
    if word != "off":
        raise DirectiveError("ProxyRequests must be On or Off", argument=0)
    return dataclasses.replace(settings, requests=False)


def _parse_timeout(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    try:
        value = seconds(directive.values[0])
    except ValueError:
        value = 0
    if value <= 0:
        raise DirectiveError("ProxyTimeout must be a number of seconds above 0", argument=0)
    return dataclasses.replace(settings, timeout=value)


def _parse_blocks(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    words = tuple(word.lower() for word in directive.values)
    return dataclasses.replace(settings, blocks=(*value_or(settings.blocks, ()), *words))


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
        self._known: dict[tuple[str, str], Target | None] = {}
        self._resolved: dict[ProxyPass, tuple[Any, str, str]] = {}
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
            try:
                target = self._known[key]
            except KeyError:
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
            target = dataclasses.replace(target, path=f"{target.path}?{query}")
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
            exchange.trace("mod_proxy", f"{exchange.path} -> {match}")
        if match is None or match.entry.target is None:
            return None
        return self._target(exchange, match)

    def _target(self, exchange: Exchange, match: Match) -> Target:
        entry = match.entry
        known = self._resolved.get(entry)
        if known is None:
            known = self._resolve(match)
            if not entry.is_dynamic:
                self._resolved[entry] = known
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
        if _RAW.search(path):
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


def _translate(settings: Settings, server: Server) -> Hook | None:
    if settings.passes is UNSET and settings.location_pass is UNSET:
        return None
    return _Translator(settings, server)


def _facts(settings: Settings, server: Server) -> ProxyFacts:
    override, codes = value_or(settings.error_override, (False, frozenset()))
    via = value_or(settings.via, "Off")
    return ProxyFacts(
        server=server,
        preserve_host=value_or(settings.preserve_host, False),
        add_headers=value_or(settings.add_headers, True),
        continue_100=value_or(settings.continue_100, True),
        interpolate=value_or(settings.interpolate, False),
        override=override,
        override_codes=codes,
        via=via,
        via_comment=f" ({server.product})" if via == "Full" else "",
        trace=server.trace,
        bad_header=value_or(settings.bad_header, "IsError"),
        timeout=value_or(settings.timeout, server.timeout),
        max_forwards=value_or(settings.max_forwards, -1),
        blocks=value_or(settings.blocks, ()),
        reverses=value_or(settings.reverses, ()),
        cookie_paths=value_or(settings.cookie_paths, ()),
        cookie_domains=value_or(settings.cookie_domains, ()),
    )


def _handler(settings: Settings, server: Server) -> Hook:
    """The handler of "proxy-server": checks, then the protocol's own handler."""
    from revproxy.proxy.http1 import Http1Handler

    facts = _facts(settings, server)
    http1 = Http1Handler(facts) if "mod_proxy_http" in server.modules else None

    async def handle(exchange: Exchange) -> bool | None:
        target: Target | None = exchange.proxy
        if target is None:
            return None
        if exchange.method == "TRACE":
            check_trace(exchange, facts.trace)
        if "max-forwards" in exchange.block.names and _count_forwards(exchange):
            return True
        if facts.blocks and _is_blocked(target.authority, facts.blocks):
            raise HTTPError(403, "Connect to remote machine blocked")
        if http1 is None:
            raise HTTPError(
                500, "No protocol handler was valid for the URL: is mod_proxy_http loaded?"
            )
        return await http1(exchange, target)

    return handle


def _count_forwards(exchange: Exchange) -> bool:
    """Max-Forwards one less (RFC 9110, section 7.6.2). Raises HTTPError 400.

    True where it has come to its end and the request is answered here.
    """
    word = exchange.fields.get("max-forwards") or ""
    if not word.isascii() or not word.isdigit():
        text = "Max-Forwards request header could not be parsed"
        raise OriginError(400, text, reason="Proxy Error")
    if int(word) > 0:
        exchange.fields.set("Max-Forwards", str(int(word) - 1))
        return False
    if exchange.method == "TRACE":
        answer_trace(exchange)
    elif exchange.method == "OPTIONS":
        exchange.out.set("Allow", "TRACE")
    else:
        text = "Max-Forwards has reached zero - proxy loop?"
        raise OriginError(400, text, reason="Proxy Error")
    return True


def _is_blocked(authority: str, blocks: tuple[str, ...]) -> bool:
    host = authority.rpartition(":")[0] or authority
    return any(word == "*" or word in host for word in blocks)


MODULE = Module(
    name="mod_proxy",
    settings=Settings,
    directives={
        "proxypass": _parse_pass,
        "proxypassmatch": _parse_pass,
        "proxypassreverse": _parse_reverse,
        "proxypassreversecookiedomain": _parse_cookie("cookie_domains"),
        "proxypassreversecookiepath": _parse_cookie("cookie_paths"),
        "proxyset": _parse_set,
        "proxypreservehost": flag("preserve_host"),
        "proxyaddheaders": flag("add_headers"),
        "proxy100continue": flag("continue_100"),
        "proxypassinterpolateenv": flag("interpolate"),
        "proxypassinherit": flag("inherit"),
        "proxyerroroverride": _parse_error_override,
        "proxyvia": choice("via", "Off", "On", "Full", "Block"),
        "proxytimeout": _parse_timeout,
        "proxybadheader": choice("bad_header", "IsError", "Ignore", "StartBody"),
        "proxymaxforwards": number("max_forwards", low=-1),
        "proxyblock": _parse_blocks,
        "proxyiobuffersize": number("io_buffer"),
        "proxyreceivebuffersize": number("receive_buffer"),
        "proxysourceaddress": text("source_address"),
        "proxyrequests": _parse_requests,
    },
    hooks={"translate": _translate, "handler": _handler},
)
