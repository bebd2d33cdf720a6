"""mod_remoteip: the client's address as trusted proxies in front tell it.

Laws:
- The field is read from its end, as long as the address reached is a trusted proxy's: no client can
  put itself into anybody's place.
- A proxy that is trusted but not internal cannot present an address that is not public.
- What was read is taken out of the field; what was not stays for the origin to see.
- An address from the PROXY protocol goes before the field. The peer's own remains the connection's.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from revproxy.authz.providers import Network, parse_network
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.module import (
    Hook,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    append,
    flag,
    setting,
    text,
)
from revproxy.records import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE: Final = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
)
_PUBLIC: Final = ipaddress.IPv6Network("2000::/3")
_KNOWN: Final = 1024


@dataclass(frozen=True, slots=True)
class Proxy:
    """A network whose machines are believed; an internal one in whatever it says."""

    network: Network
    internal: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of mod_remoteip."""

    field: str | Unset = setting()
    proxies_field: str | Unset = setting()
    proxies: tuple[Proxy, ...] | Unset = setting(append)
    protocol: bool | Unset = setting()
    exceptions: tuple[Network, ...] | Unset = setting(append)

    def announces(self) -> Callable[[str], bool] | None:
        """Which peers' connections begin with the PROXY protocol; None where none do."""
        if self.protocol is not True:
            return None
        exceptions = () if isinstance(self.exceptions, Unset) else self.exceptions
        return lambda address: (
            not any(ipaddress.ip_address(address) in network for network in exceptions)
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of reading the field from its end."""

    client: str
    rest: str | None
    """What is left of the field, None where nothing is."""
    proxies: str
    """The trusted proxies passed that are not internal."""


def walk(peer: str, value: str, proxies: tuple[Proxy, ...]) -> Walk:
    """Follow the field's addresses from the peer's (`remoteip_modify_request`)."""
    current = ipaddress.ip_address(peer.partition("%")[0])
    passed: list[str] = []
    rest: str | None = value
    while rest is not None:
        internal = _is_internal(current, proxies)
        if internal is None:
            break
        before, comma, last = rest.rpartition(",")
        found = _parse(last.strip(" "))
        if found is None or not (internal or _is_public(found)):
            break
        if not internal:
            passed.append(str(current))
        current, rest = found, before if comma else None
    return Walk(str(current), rest, ", ".join(passed))


def _is_internal(address: Address, proxies: tuple[Proxy, ...]) -> bool | None:
    """Whether the proxy at an address is internal, None for one that is not trusted."""
    if not proxies:
        return False
    for proxy in proxies:
        if address in proxy.network:
            return proxy.internal
    return None


def _parse(word: str) -> Address | None:
    if "%" in word:
        # A zone means something on one machine alone, and may be any text.
        return None
    try:
        found = ipaddress.ip_address(word)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        return address in _PUBLIC
    return not any(address in network for network in _PRIVATE)


def _post_read(settings: Settings, _server: Server) -> Hook | None:
    field = settings.field
    announced = settings.protocol is True
    if isinstance(field, Unset):
        return _by_protocol if announced else None
    proxies = () if isinstance(settings.proxies, Unset) else settings.proxies
    proxies_field = None if isinstance(settings.proxies_field, Unset) else settings.proxies_field
    known: dict[tuple[str, str], Walk] = {}

    def find_client(exchange: Exchange) -> None:
        if exchange.connection.announced is not None:
            _by_protocol(exchange)
            return
        value = exchange.fields.joined(field)
        if value is None:
            return
        peer = exchange.connection.client_address
        # The same clients come by the same proxies: 8 µs a request otherwise.
        found = known.get((peer, value))
        if found is None:
            if len(known) >= _KNOWN:
                known.clear()
            found = known[peer, value] = walk(peer, value, proxies)
        if found.client == peer and found.rest == value:
            return
        _apply(exchange, found, field, proxies_field)

    return find_client


def _by_protocol(exchange: Exchange) -> None:
    announced = exchange.connection.announced
    if announced is not None:
        exchange.client_address, exchange.client_port = announced


def _apply(exchange: Exchange, found: Walk, field: str, proxies_field: str | None) -> None:
    if found.rest is None:
        exchange.fields.unset(field)
    else:
        exchange.fields.set(field, found.rest)
    if found.proxies:
        exchange.notes["remoteip-proxy-ip-list"] = found.proxies
        if proxies_field is not None:
            exchange.fields.set(proxies_field, found.proxies)
    exchange.client_address = found.client


# The directives.


def _networks(word: str) -> list[Network]:
    """An address, a network, or all addresses of a name. Raises ValueError."""
    try:
        return [parse_network(word)]
    except ValueError:
        if "/" in word or ":" in word or word.replace(".", "").isdigit():
            raise
    try:
        found = socket.getaddrinfo(word, None, type=socket.SOCK_STREAM)
    except OSError:
        raise ValueError(f"the name '{word}' has no address") from None
    return [ipaddress.ip_network(str(item[4][0])) for item in found]


def _with(settings: Settings, networks: Iterable[Network], *, internal: bool) -> Settings:
    known = () if isinstance(settings.proxies, Unset) else settings.proxies
    added = (Proxy(network, internal) for network in networks)
    return dataclasses.replace(settings, proxies=(*known, *added))


def _proxies(*, internal: bool) -> Parser:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        for number, word in enumerate(directive.values):
            try:
                settings = _with(settings, _networks(word), internal=internal)
            except ValueError as error:
                text = f"Error parsing IP {word}: {error}"
                raise DirectiveError(text, argument=number) from None
        return settings

    return parse


def _proxies_list(*, internal: bool) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        name = scope.path(directive.values[0])
        try:
            lines = Path(name).read_text(encoding="latin-1").splitlines()
        except OSError as error:
            text = f"Could not open trusted proxy list {name}: {error.strerror}"
            raise DirectiveError(text, argument=0) from None
        for number, line in enumerate(lines, 1):
            for word in line.partition("#")[0].split():
                try:
                    settings = _with(settings, _networks(word), internal=internal)
                except ValueError as error:
                    text = f"{name}:{number}: Error parsing IP {word}: {error}"
                    raise DirectiveError(text, argument=0) from None
        return settings

    return parse


def _exceptions(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    known = () if isinstance(settings.exceptions, Unset) else settings.exceptions
    for number, word in enumerate(directive.values):
        try:
            known = (*known, *_networks(word))
        except ValueError as error:
            text = f"RemoteIPProxyProtocolExceptions: {error}"
            raise DirectiveError(text, argument=number) from None
    return dataclasses.replace(settings, exceptions=known)


MODULE = Module(
    name="mod_remoteip",
    settings=Settings,
    directives={
        "remoteipheader": text("field"),
        "remoteipproxiesheader": text("proxies_field"),
        "remoteipinternalproxy": _proxies(internal=True),
        "remoteiptrustedproxy": _proxies(internal=False),
        "remoteipinternalproxylist": _proxies_list(internal=True),
        "remoteiptrustedproxylist": _proxies_list(internal=False),
        "remoteipproxyprotocol": flag("protocol"),
        "remoteipproxyprotocolexceptions": _exceptions,
    },
    hooks={"post_read": _post_read},
)
