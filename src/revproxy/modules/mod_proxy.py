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
from collections.abc import Awaitable, Iterable
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import (
    Diagnostic,
    DirectiveError,
    HTTPError,
    OriginError,
    Severity,
    UnimplementedError,
)
from revproxy.http.message import Exchange
from revproxy.http.trace import answer_trace, check_trace
from revproxy.http.uri import parse_url
from revproxy.module import (
    Hook,
    Module,
    Scope,
    ScopeKind,
    Server,
    choice,
    flag,
    number,
    seconds,
    text,
    value_or,
)
from revproxy.pattern import compile_pattern
from revproxy.proxy.facts import ProxyFacts
from revproxy.proxy.handlers import PROXY, go_to_origin
from revproxy.proxy.mapping import ProxyPass
from revproxy.proxy.parameters import with_parameters
from revproxy.proxy.reverse import CookieRule, ReverseRule
from revproxy.proxy.settings import SUPPORTED_SCHEMES, Settings
from revproxy.proxy.target import Target, WorkerDefinition, split_unix
from revproxy.proxy.translate import translate, workers_of
from revproxy.upstream.parameters import Parameters

_UNSUPPORTED: Final = {
    "ajp": "mod_proxy_ajp",
    "balancer": "mod_proxy_balancer",
    "fcgi": "mod_proxy_fcgi",
    "ftp": "mod_proxy_ftp",
    "h2": "mod_proxy_http2",
    "h2c": "mod_proxy_http2",
    "scgi": "mod_proxy_scgi",
    "uwsgi": "mod_proxy_uwsgi",
}


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
    parameters = _parameters(directive, pairs, scope)
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
        location=directive.location,
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
        raise UnimplementedError(
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


_WITHOUT_EFFECT: Final = frozenset(("flushpackets", "flushwait", "iobuffersize", "min", "secret"))
"""Parameters that Apache knows and nothing here needs, or has yet."""


def _parameters(directive: Directive, pairs: list[str], scope: Scope) -> Parameters:
    try:
        parameters = with_parameters(Parameters(), pairs)
    except ValueError as error:
        raise DirectiveError(f"{directive.name}: {error}") from None
    for name in sorted(parameters.given & _WITHOUT_EFFECT):
        text = f"{name}= has no effect here"
        scope.warn(Diagnostic("RP527", Severity.INFO, directive.location, text))
    return parameters


def _parse_set(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    """ProxySet, and what stands behind the URL of `<Proxy url …>`."""
    words = list(directive.values)
    if scope.kind is ScopeKind.PROXY:
        url = scope.argument
        if scope.pattern is not None or "*" in url or "?" in url:
            raise DirectiveError("ProxySet can not be used in a wildcard <Proxy> section")
    elif words and "=" not in words[0]:
        url = words.pop(0)
        if not _is_defined(settings, url):
            raise DirectiveError(f"ProxySet can not find '{url}' Worker.", argument=0)
    else:
        raise DirectiveError("ProxySet needs a URL when not in a <Proxy> section", argument=0)
    if not words:
        raise DirectiveError("ProxySet needs at least one key=value parameter")
    check_target(url, directive, argument=0)
    definition = WorkerDefinition(url, _parameters(directive, words, scope))
    return dataclasses.replace(
        settings, definitions=(*value_or(settings.definitions, ()), definition)
    )


def _is_defined(settings: Settings, url: str) -> bool:
    """Whether a line before made the worker of a URL."""
    known = [entry.target for entry in value_or(settings.passes, ())]
    known += [definition.url for definition in value_or(settings.definitions, ())]
    return any(target is not None and url.startswith(target) for target in known)


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
    rule = ReverseRule(public, origin, interpolate, directive.location)
    return dataclasses.replace(settings, reverses=(*value_or(settings.reverses, ()), rule))


def _parse_cookie(name: str) -> Any:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        internal, public, *more = directive.values
        if more and more[0].lower() != "interpolate":
            raise DirectiveError(f"{directive.name}: '{more[0]}' is not 'interpolate'", argument=2)
        rule = CookieRule(internal, public, bool(more), directive.location)
        changes: dict[str, Any] = {name: (*value_or(getattr(settings, name), ()), rule)}
        return dataclasses.replace(settings, **changes)

    return parse


def _parse_error_override(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    first, *codes = directive.values
    if first.lower() not in ("on", "off"):
        raise DirectiveError("ProxyErrorOverride must be On or Off", argument=0)
    numbers = set()
    for index, word in enumerate(codes, 1):
        if not (word.isascii() and word.isdigit()) or not 400 <= int(word) <= 599:
            raise DirectiveError(
                "ProxyErrorOverride: status codes must be between 400 and 599", argument=index
            )
        numbers.add(int(word))
    value = (first.lower() == "on", frozenset(numbers))
    return dataclasses.replace(settings, error_override=value)


def _parse_requests(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word == "on":
        raise UnimplementedError(
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


def _parse_protocol(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    versions = {"off": 0, "v1": 1, "v2": 2}
    word = directive.values[0].lower()
    if word not in versions:
        raise DirectiveError("ProxyProtocol must be Off, v1 or v2", argument=0)
    return dataclasses.replace(settings, announces=versions[word])


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
        announces=value_or(settings.announces, 0),
        blocks=value_or(settings.blocks, ()),
        reverses=value_or(settings.reverses, ()),
        cookie_paths=value_or(settings.cookie_paths, ()),
        cookie_domains=value_or(settings.cookie_domains, ()),
    )


def _handler(settings: Settings, server: Server) -> Hook:
    """The handler of "proxy-server": checks, then the protocol's own handler."""
    from revproxy.proxy.http1 import Http1Handler

    facts = _facts(settings, server)
    # A rule may send a request to a worker where no ProxyPass does.
    workers_of(settings, server)
    http1 = Http1Handler(facts) if "mod_proxy_http" in server.modules else None

    def handle(exchange: Exchange) -> Awaitable[bool | None]:
        target: Target | None = exchange.proxy
        if target is None:
            if exchange.handler is None or not exchange.handler.startswith(PROXY):
                return _answer(None)
            go_to_origin(exchange, server)
            target = exchange.proxy
            assert target is not None
        if exchange.method == "TRACE":
            check_trace(exchange, facts.trace)
        if "max-forwards" in exchange.block.values and _count_forwards(exchange):
            return _answer(True)
        if facts.blocks and _is_blocked(target.authority, facts.blocks):
            raise HTTPError(403, "Connect to remote machine blocked")
        if http1 is None:
            raise HTTPError(
                500, "No protocol handler was valid for the URL: is mod_proxy_http loaded?"
            )
        return http1(exchange, target)

    return handle


async def _answer(said: bool | None) -> bool | None:
    return said


def _count_forwards(exchange: Exchange) -> bool:
    """Max-Forwards one less (RFC 9110, section 7.6.2). Raises HTTPError 400.

    True where it has come to its end and the request is answered here.
    """
    word = exchange.fields.get("max-forwards") or ""
    if not word.isascii() or not (word.isascii() and word.isdigit()):
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


def define_in_sections(settings: Settings, sections: Iterable[Settings], server: Server) -> None:
    """Make the workers that `<Proxy>` sections define, for rules and handlers that name them."""
    workers = workers_of(settings, server)
    for section in sections:
        for definition in value_or(section.definitions, ()):
            workers.define(definition.url, definition.parameters, merge=True)


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
        "proxyprotocol": _parse_protocol,
        "proxymaxforwards": number("max_forwards", low=-1),
        "proxyblock": _parse_blocks,
        "proxyreceivebuffersize": number("receive_buffer"),
        "proxysourceaddress": text("source_address"),
        "proxyrequests": _parse_requests,
    },
    hooks={"translate": translate, "handler": _handler},
)
