"""The providers of `Require` that need no user: all, env, method, ip, local (mod_authz_host)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from revproxy.http.message import Exchange

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Provider: TypeAlias = Callable[[Exchange], bool]

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
    """The provider of `Require name words…`. Raises ValueError with what is wrong."""
    match name:
        case "all":
            return _all(words)
        case "env":
            return _env(words)
        case "method":
            return _method(words)
        case "ip":
            return _ip(words)
        case "local":
            if words:
                raise ValueError("'require local' does not take arguments")
            return is_local
    module = _ELSEWHERE.get(name)
    if module is None:
        raise ValueError(f"Unknown Authz provider: {name}")
    raise ValueError(f"'Require {name}' needs {module}, which is not implemented yet")


_ELSEWHERE: Final = {
    "dbm-file-group": "mod_authz_dbm",
    "dbm-group": "mod_authz_dbm",
    "file-group": "mod_authz_owner",
    "file-owner": "mod_authz_owner",
    "forward-dns": "name lookups of clients",
    "group": "authentication",
    "host": "name lookups of clients",
    "ldap-group": "mod_authnz_ldap",
    "ldap-user": "mod_authnz_ldap",
    "ssl": "mod_ssl",
    "ssl-verify-client": "mod_ssl",
    "user": "authentication",
    "valid-user": "authentication",
}


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
