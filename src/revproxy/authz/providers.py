"""The providers of `Require`: all, env, method (mod_authz_core), ip, host, forward-dns, local
(mod_authz_host), user and valid-user (mod_authz_user), group (mod_authz_groupfile).

Laws:
- A provider answers at once. What has to be looked up before, a `prepare` hook looks up.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from revproxy.authz.groups import group_provider, user_provider, valid_user
from revproxy.authz.names import Names, in_domain, look_up_client
from revproxy.authz.tree import Provider
from revproxy.errors import UnimplementedError
from revproxy.http.message import Exchange, Tls
from revproxy.module import AsyncHook

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_PARTIAL: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?").fullmatch
_KNOWN_ADDRESSES: Final = 4096


def parse_network(word: str) -> Network:
    """An address, a CIDR block, address/netmask or the first octets. Raises ValueError."""
    if _PARTIAL(word):
        octets = word.rstrip(".").split(".")
        full = ".".join([*octets, *["0"] * (4 - len(octets))])
        return ipaddress.ip_network(f"{full}/{8 * len(octets)}", strict=True)
    return ipaddress.ip_network(word, strict=False)


def in_networks(networks: tuple[Network, ...]) -> Provider:
    """Whether the client's address is in one of the networks."""
    known: dict[str, bool] = {}

    def provider(exchange: Exchange) -> bool:
        address = exchange.client_address
        answer = known.get(address)
        if answer is None:
            if len(known) >= _KNOWN_ADDRESSES:
                known.clear()
            parsed = ipaddress.ip_address(address.partition("%")[0])
            answer = known[address] = any(parsed in network for network in networks)
        return answer

    return provider


def is_local(exchange: Exchange) -> bool:
    """The client is this machine: loopback, or the address it connected to."""
    address = exchange.client_address
    return address.startswith("127.") or address in ("::1", exchange.connection.local_address)


def make_provider(name: str, words: Sequence[str]) -> Provider:
    """The provider of `Require name words…`. Raises ValueError, UnimplementedError."""
    make = _MAKERS.get(name)
    if make is not None:
        return make(words)
    module = _ELSEWHERE.get(name)
    if module is None:
        raise ValueError(f"Unknown Authz provider: {name}")
    raise UnimplementedError(f"'Require {name}' needs {module}, which is not implemented yet")


def is_provider(name: str) -> bool:
    """Whether Apache has a provider of this name."""
    name = name.lower()
    return name == "expr" or name in _MAKERS or name in _ELSEWHERE


_ELSEWHERE: Final = {
    "dbm-file-group": "mod_authz_dbm",
    "dbm-group": "mod_authz_dbm",
    "file-group": "mod_authz_owner",
    "file-owner": "mod_authz_owner",
    "ldap-group": "mod_authnz_ldap",
    "ldap-user": "mod_authnz_ldap",
}


def _local(words: Sequence[str]) -> Provider:
    if words:
        raise ValueError("'require local' does not take arguments")
    return is_local


def _all(words: Sequence[str]) -> Provider:
    word = words[0].lower() if len(words) == 1 else ""
    if word not in ("granted", "denied"):
        raise ValueError("Argument for 'Require all' must be 'granted' or 'denied'")
    return lambda _exchange: word == "granted"


def _env(words: Sequence[str]) -> Provider:
    return lambda exchange: any(word in exchange.env for word in words)


def _method(words: Sequence[str]) -> Provider:
    names = frozenset(words) | ({"HEAD"} if "GET" in words else frozenset())
    return lambda exchange: exchange.method in names


def _ip(words: Sequence[str]) -> Provider:
    if not words:
        raise ValueError("'require ip' requires an argument")
    networks = []
    for word in words:
        try:
            networks.append(parse_network(word))
        except ValueError:
            raise ValueError(f"ip address '{word}' appears to be invalid") from None
    return in_networks(tuple(networks))


def _host(words: Sequence[str]) -> Provider:
    return lambda exchange: any(in_domain(exchange.remote_host, word) for word in words)


class ForwardNames:
    """Require forward-dns: the client's address is one of these names'."""

    def __init__(self, words: Sequence[str]) -> None:
        self._names = Names(words)

    def __call__(self, exchange: Exchange) -> bool:
        return exchange.client_address in self._names.addresses

    async def prepare(self, _exchange: Exchange) -> None:
        """Look the names up where they were not looked up lately."""
        await self._names.refresh()


def _tls(name: str, holds: Callable[[Tls], bool]) -> Callable[[Sequence[str]], Provider]:
    def make(words: Sequence[str]) -> Provider:
        if words:
            raise ValueError(f"'Require {name}' does not take arguments")
        return lambda exchange: (
            exchange.connection.tls is not None and holds(exchange.connection.tls)
        )

    return make


_MAKERS: Final[dict[str, Callable[[Sequence[str]], Provider]]] = {
    "all": _all,
    "env": _env,
    "forward-dns": ForwardNames,
    "group": group_provider,
    "host": _host,
    "ip": _ip,
    "local": _local,
    "method": _method,
    "ssl": _tls("ssl", lambda _tls: True),
    "ssl-verify-client": _tls("ssl-verify-client", lambda tls: tls.client is not None),
    "user": user_provider,
    "valid-user": lambda _words: valid_user,
}


def preparation(name: str, provider: Provider) -> AsyncHook | None:
    """What has to run before `Require name` can be asked, None where nothing has to."""
    if name == "host":
        return look_up_client
    return provider.prepare if isinstance(provider, ForwardNames) else None
