"""The plan: a configuration in the form the server runs, immutable but for its caches.

Laws:
- Made whole before it serves; nothing in it looks at a directive.
- A request plan is what is left of all settings for one combination of sections: a tuple of
  callables a phase. It is made when the combination first occurs and kept; the number kept is
  bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import field
from typing import Any, Final

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.http.pace import NO_LIMITS, ReadLimits
from revproxy.http.request_head import Limits
from revproxy.module import BodyMaker, FilterMaker, Hook, Server
from revproxy.plan.conditional import Conditional, Entry, holding
from revproxy.plan.match import Matcher, NameTable, PathTable
from revproxy.records import dataclass

_PLANS_KEPT: Final = 1024


@dataclass(frozen=True, slots=True)
class Document:
    """An ErrorDocument: kind "text", "path" or "url"."""

    kind: str
    value: str | Callable[[Exchange], str | None]
    """Constant, or what makes it of a request; None where that fails."""
    location: Location | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RequestPlan:
    """What happens to a request, by phase, and the few settings that are no hooks."""

    translate: tuple[Hook, ...] = ()
    names: tuple[Hook, ...] = ()
    access: tuple[Hook, ...] = ()
    authn: tuple[Hook, ...] = ()
    authz: tuple[Hook, ...] = ()
    type_checker: tuple[Hook, ...] = ()
    fixups: tuple[Hook, ...] = ()
    file_fixups: tuple[Hook, ...] = ()
    insert_filter: tuple[Hook, ...] = ()
    handler: tuple[Hook, ...] = ()
    satisfies_any: Callable[[str], bool] | None = None
    """Whether a method's access or its user is enough (Satisfy Any); None where never."""
    limit_body: int = 1 << 30
    """LimitRequestBody; 0 for none."""
    documents: Mapping[int, Document] = field(default_factory=dict)
    signature: str = "Off"
    log_levels: Mapping[str, int] | None = None
    """LogLevel by module, where a section says something of it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The merged settings by module, for those who explain."""
    sections: tuple[Location, ...] = ()
    """Where the sections stand that made it, in the order they were merged."""
    filters: Callable[[str], FilterMaker | None] = lambda _name: None
    """Output filters by their name in lower case."""
    input_filters: Callable[[str], BodyMaker | None] = lambda _name: None
    is_open: bool = field(init=False)
    """No module asks where the client comes from, or who it is: `authn` is not run then."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_open", not (self.names or self.access or self.authz))


class PlanCache:
    """The request plans of a virtual host, by the sections that make them."""

    def __init__(self, build: Callable[[tuple[Entry, ...]], RequestPlan]) -> None:
        self._build = build
        self._known: dict[tuple[Entry, ...], RequestPlan] = {}

    def __len__(self) -> int:
        return len(self._known)

    def plan(self, entries: tuple[Entry, ...]) -> RequestPlan:
        """The plan of these sections, in the order they are merged."""
        known = self._known.get(entries)
        if known is None:
            if len(self._known) >= _PLANS_KEPT:
                self._known.clear()
            known = self._known[entries] = self._build(entries)
        return known

    def forget(self, gone: Set[Entry]) -> None:
        """Give up the plans that any of these sections makes."""
        for entries in [known for known in self._known if not gone.isdisjoint(known)]:
            del self._known[entries]


@dataclass(slots=True, eq=False)
class VirtualHost:
    """A virtual host or the main server."""

    server: Server
    plans: PlanCache
    post_read: tuple[Hook, ...] = ()
    log: tuple[Hook, ...] = ()
    locations: PathTable[Entry] = field(default_factory=PathTable)
    proxies: tuple[tuple[Entry, Matcher], ...] = ()
    walk: Callable[[Exchange], list[Entry]] = lambda _exchange: []
    """Finds a request's file, and the sections that cover it."""
    limits: Limits = field(default_factory=Limits)
    timeout: float = 60.0
    read_limits: ReadLimits = NO_LIMITS
    keep_alive: bool = True
    keep_alive_timeout: float = 5.0
    max_keep_alive: int = 100
    encoded_slashes: Any = "Off"
    merge_slashes: bool = True
    strict_host: bool = False
    strict_methods: bool = False
    server_path: str = ""
    recursion: int = 10
    """Internal redirects in a row (LimitInternalRecursion)."""
    sub_recursion: int = 10
    """Sub-requests in one another."""
    error_log: Any = None
    tls: Any = None
    """How it speaks TLS, a `tls.client.ClientTls`; None where it does not."""
    announces: Callable[[str], bool] | None = None
    """Which peers' connections begin with the PROXY protocol; None where none do."""
    server_line: bytes = b"Server: revproxy"
    ifs: tuple[Conditional, ...] = ()
    """The `<If>` sections that stand in no other one."""
    base: RequestPlan = field(init=False)
    """The plan of a request that no section covers."""

    has_no_locations: bool = field(init=False)
    looks_closer: bool = field(init=False)
    """Some section by path or origin has named groups, or others in it with a condition."""

    def __post_init__(self) -> None:
        self.has_no_locations = not self.locations
        entries = (*self.locations.entries, *(entry for entry, _ in self.proxies))
        self.looks_closer = any(entry.ifs or entry.named is not None for entry in entries)
        self.base = self.plan(())

    def plan(self, entries: tuple[Entry, ...]) -> RequestPlan:
        """The plan for these sections, in the order they are merged."""
        return self.plans.plan(entries)

    def location_plan(self, exchange: Exchange) -> RequestPlan:
        """The plan by path alone: what `translate` runs with."""
        if self.has_no_locations and not self.ifs:
            return self.base
        return self._plan_of(self.locations.find(exchange.path), exchange, self.looks_closer)

    def full_plan(self, exchange: Exchange) -> RequestPlan:
        """The plan by where the request goes, an origin or a file, then by path.

        Raises HTTPError for a file that may not be looked at.
        """
        entries: list[Entry] = []
        closer = self.looks_closer
        if exchange.proxy is not None:
            if self.proxies:
                url = exchange.proxy.url
                entries = [entry for entry, matches in self.proxies if matches(url)]
        elif exchange.filename is not None:
            entries = self.walk(exchange)
            closer = True
        if not self.has_no_locations:
            entries += self.locations.find(exchange.path)
        return self._plan_of(entries, exchange, closer)

    def _plan_of(self, entries: list[Entry], exchange: Exchange, closer: bool) -> RequestPlan:
        """The plan for the sections that cover a request, with those whose conditions hold."""
        if closer:
            self._name_groups(entries, exchange)
        if closer or self.ifs:
            level = list(self.ifs)
            for entry in entries:
                level += entry.ifs
            entries += holding(level, exchange)
        return self.plans.plan(tuple(entries)) if entries else self.base

    def _name_groups(self, entries: Iterable[Entry], exchange: Exchange) -> None:
        """Set MATCH_NAME for the named groups of sections that cover a request."""
        for entry in entries:
            if entry.named is None:
                continue
            subject = exchange.path
            if entry.kind == "proxy":
                subject = exchange.proxy.url
            elif entry.kind == "directory":
                subject = exchange.filename or ""
            elif entry.kind == "files":
                subject = (exchange.filename or "").rpartition("/")[2]
            match = entry.named.search(subject)
            for name, value in (match.groupdict() if match is not None else {}).items():
                if value is not None:
                    exchange.env[f"MATCH_{name.upper()}"] = value


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen at; `host` "" for every one."""

    host: str
    port: int


@dataclass(slots=True, eq=False)
class Plan:
    """The compiled form of a configuration."""

    listeners: tuple[Listener, ...]
    main: VirtualHost
    hosts: tuple[VirtualHost, ...]
    by_address: Mapping[tuple[str, int], NameTable[VirtualHost]]
    """Virtual hosts by (address or "*", port or 0)."""
    processes: int = 0
    backlog: int = 511
    connections: int = 0
    """Connections that all children together hold; 0 for as many as they have descriptors for."""
    connections_per_address: int = 0
    """Connections of one address in one child process; 0 for any number."""
    pid_file: str | None = None
    user: str | None = None
    group: str | None = None
    graceful_shutdown_timeout: float = 0.0
    receive_buffer: int = 0
    send_buffer: int = 0
    _main_table: NameTable[VirtualHost] = field(init=False)

    def __post_init__(self) -> None:
        self._main_table = NameTable(self.main)

    def open(self) -> None:
        """Begin what modules want to have at hand in a child process (programs of maps)."""
        self._tell_shared("open")

    def close(self) -> None:
        """Let go what modules hold open (idle connections to origins)."""
        self._tell_shared("close")

    def _tell_shared(self, name: str) -> None:
        for host in (self.main, *self.hosts):
            for shared in host.server.shared.values():
                method = getattr(shared, name, None)
                if method is not None:
                    method()

    def names_at(self, address: str, port: int) -> NameTable[VirtualHost]:
        """The virtual hosts of a local address: the most exact set alone counts."""
        for key in ((address, port), (address, 0), ("*", port), ("*", 0)):
            table = self.by_address.get(key)
            if table is not None:
                return table
        return self._main_table
