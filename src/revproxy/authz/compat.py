"""Order, Allow, Deny and Satisfy: access control by host, as before 2.4 (mod_access_compat).

Laws:
- `Deny,Allow` lets in who is in neither list, `Allow,Deny` and `Mutual-failure` do not; who is in
  both lists comes in with the first alone.
- A section with any of these directives replaces all of the outer ones (there is no merging).
- Within `<Limit>` a directive is for the methods named there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from revproxy.authz.names import in_domain
from revproxy.authz.providers import in_networks, parse_network
from revproxy.authz.tree import Provider, covers
from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.module import Unset, append, setting
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """What one directive says, for the methods of its `<Limit>`."""

    methods: frozenset[str] | None
    excepted: bool
    word: str = ""
    """Of Order and Satisfy, in lower case; the directive's name of Allow and Deny."""
    test: Provider = lambda _exchange: True
    """Of Allow and Deny."""
    by_name: bool = False
    """The client's name has to be known."""
    location: Location | None = field(default=None, compare=False)

    def covers(self, method: str) -> bool:
        return covers(method, self.methods, self.excepted)


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """The settings of mod_access_compat."""

    orders: tuple[Line, ...] | Unset = setting(append)
    satisfies: tuple[Line, ...] | Unset = setting(append)
    allows: tuple[Line, ...] | Unset = setting(append)
    denies: tuple[Line, ...] | Unset = setting(append)

    @classmethod
    def merged(cls, outer: AccessSettings, inner: AccessSettings) -> AccessSettings:
        """The inner section's alone, where it has any."""
        return outer if inner == cls() else inner

    def satisfies_any(self) -> Callable[[str], bool] | None:
        """Whether Satisfy Any is in force for a method; None where it is for no method."""
        lines = () if isinstance(self.satisfies, Unset) else self.satisfies
        if all(line.word != "any" for line in lines):
            return None
        return lambda method: _last(lines, method, "all") == "any"


def _last(lines: tuple[Line, ...], method: str, default: str) -> str:
    """The word of the last line that is for a method."""
    for line in reversed(lines):
        if line.covers(method):
            return line.word
    return default


def is_admitted(settings: AccessSettings, exchange: Exchange) -> bool:
    """Whether the lists let a request in."""
    method = exchange.method
    orders = () if isinstance(settings.orders, Unset) else settings.orders
    order = _last(orders, method, "deny,allow")
    allowed = _is_in(settings.allows, exchange)
    if order == "deny,allow":
        admitted = allowed or not _is_in(settings.denies, exchange)
    else:
        admitted = allowed and not _is_in(settings.denies, exchange)
    if exchange.trace is not None:
        place = next((line.location for line in reversed(orders) if line.covers(method)), None)
        outcome = "granted" if admitted else "denied"
        exchange.trace("mod_access_compat", f"Order {order}: {outcome}", place)
    return admitted


def _is_in(lines: tuple[Line, ...] | Unset, exchange: Exchange) -> bool:
    if isinstance(lines, Unset):
        return False
    return any(line.covers(exchange.method) and _tests(line, exchange) for line in lines)


def _tests(line: Line, exchange: Exchange) -> bool:
    """Whether a line of Allow or Deny speaks of a request's client."""
    holds = bool(line.test(exchange))
    if exchange.trace is not None:
        outcome = f"{line.word} {'matches' if holds else 'does not match'} the client"
        exchange.trace("mod_access_compat", outcome, line.location, acted=holds)
    return holds


def host_test(word: str) -> tuple[Provider, bool]:
    """What `Allow from` (`Deny from`) one word asks, and whether the client's name is needed.

    Raises ValueError for an address that is none.
    """
    lower = word.lower()
    if lower == "all":
        return (lambda _exchange: True), False
    if lower.startswith("env=!"):
        absent = word[5:]
        return (lambda exchange: absent not in exchange.env), False
    if lower.startswith("env="):
        present = word[4:]
        return (lambda exchange: present in exchange.env), False
    try:
        return in_networks((parse_network(word),)), False
    except ValueError:
        if "/" in word:
            raise ValueError(f"'{word}' is no address and netmask") from None
    return (lambda exchange: in_domain(exchange.remote_host, word)), True
