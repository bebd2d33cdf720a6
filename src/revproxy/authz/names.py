"""The client's name, as access rules want it: looked up both ways (`ap_get_useragent_host`).

Laws:
- A name counts only if it leads back to the address it was found for (REMOTE_DOUBLE_REV).
- What was found is remembered for a minute, and for a bounded number of addresses.
- trio is imported where it runs: a configuration is checked without it.
- A name server that is slow holds up this request alone, and no longer than `PATIENCE`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from revproxy.http.message import Exchange
from revproxy.module import AsyncHook, value_or

PATIENCE: Final = 10.0
"""Seconds."""
_KEPT_FOR: Final = 60.0
_KEPT: Final = 4096

_known: dict[str, tuple[float, str | None]] = {}


async def look_up_client(exchange: Exchange) -> None:
    """Find the client's name: a hook of the phase `names`."""
    address = exchange.client_address
    known = _known.get(address)
    if known is None or known[0] < time.monotonic():
        from revproxy.lane import in_trio

        name = await in_trio(_double_reverse, address)
        if len(_known) >= _KEPT:
            _known.clear()
        known = _known[address] = (time.monotonic() + _KEPT_FOR, name)
    exchange.remote_host = known[1]


async def look_up_early(exchange: Exchange) -> None:
    """Find the client's name, where the server wants it, before any section is known."""
    core = exchange.server.base.settings["core"]
    if exchange.remote_host is None and value_or(core.hostname_lookups, "Off") != "Off":
        await look_up_client(exchange)


def hook_for(word: str) -> AsyncHook | None:
    """The hook that HostnameLookups asks for; every look-up is both ways, On as well as Double."""
    return None if word == "Off" else look_up_client


class Names:
    """The addresses of some names, looked up once a minute."""

    def __init__(self, names: Iterable[str]) -> None:
        self.addresses: frozenset[str] = frozenset()
        self._names = tuple(names)
        self._until = 0.0

    async def refresh(self) -> None:
        """Look the names up where that was a minute ago."""
        if self._until < time.monotonic():
            from revproxy.lane import in_trio

            self.addresses = await in_trio(self._look_up)
            self._until = time.monotonic() + _KEPT_FOR

    async def _look_up(self) -> frozenset[str]:
        import trio

        found: frozenset[str] = frozenset()
        with trio.move_on_after(PATIENCE):
            for name in self._names:
                found |= await addresses_of(name)
        return found


async def addresses_of(name: str) -> frozenset[str]:
    """The addresses of a name, none where it has none."""
    import trio

    try:
        found = await trio.socket.getaddrinfo(name, None, type=trio.socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(item[4][0]) for item in found)


async def _double_reverse(address: str) -> str | None:
    import trio

    with trio.move_on_after(PATIENCE):
        try:
            name, _ = await trio.socket.getnameinfo((address, 0), trio.socket.NI_NAMEREQD)
        except OSError:
            return None
        if address in await addresses_of(name):
            return name.lower()
    return None


def in_domain(host: str | None, domain: str) -> bool:
    """Whether a host is the domain or in it, whole labels counted."""
    if host is None:
        return False
    domain = domain.lower()
    if not host.endswith(domain):
        return False
    return host == domain or domain.startswith(".") or host[-len(domain) - 1] == "."
