"""The plan: a configuration in the form the server runs, immutable but for its caches.

Laws:
- Made whole before it serves; nothing in it looks at a directive.
- A request plan is what is left of all settings for one combination of sections: a tuple of
  callables a phase. It is made when the combination first occurs and kept; the number kept is
  bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.http.pace import NO_LIMITS, ReadLimits
from revproxy.http.request_head import Limits
from revproxy.module import BodyMaker, FilterMaker, Hook, Server
from revproxy.pattern import Pattern
from revproxy.plan.conditional import Conditional, holding
from revproxy.plan.match import Matcher, NameTable, PathTable, first_matching
from revproxy.static.find import file_of

_PLANS_KEPT: Final = 1024

SectionKey = tuple[str, int]
"""A section's list ("directory", "files", "location", "proxy", "if", "htaccess") and its index."""


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
    map: tuple[Hook, ...] = ()
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


@dataclass(slots=True, eq=False)
class VirtualHost:
    """A virtual host or the main server."""

    server: Server
    build: Callable[[tuple[SectionKey, ...]], RequestPlan]
    """Makes the plan of a combination of sections."""
    post_read: tuple[Hook, ...] = ()
    log: tuple[Hook, ...] = ()
    locations: PathTable = field(default_factory=PathTable)
    proxies: tuple[tuple[int, Matcher], ...] = ()
    directories: tuple[tuple[int, Matcher], ...] = ()
    files: tuple[tuple[int, Matcher], ...] = ()
    access_files: Callable[[Exchange], tuple[list[SectionKey], list[SectionKey]]] | None = None
    """The sections of a file's directories with their access files, and the `<Files>` in these;
    None where AllowOverride lets none be read."""
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
    named: Mapping[SectionKey, Pattern] = field(default_factory=dict)
    """The sections whose regex has named groups: what those match goes to the environment."""
    ifs: tuple[Conditional, ...] = ()
    """The `<If>` sections that stand in no other one."""
    section_ifs: Mapping[SectionKey, tuple[Conditional, ...]] = field(default_factory=dict)
    """Those that stand in another section."""
    _plans: dict[tuple[SectionKey, ...], RequestPlan] = field(default_factory=dict)
    base: RequestPlan = field(init=False)
    """The plan of a request that no section covers."""

    has_no_locations: bool = field(init=False)

    def __post_init__(self) -> None:
        self.has_no_locations = not self.locations
        self.base = self.plan(())

    def plan(self, sections: tuple[SectionKey, ...]) -> RequestPlan:
        """The plan for these sections, in the order they are merged."""
        known = self._plans.get(sections)
        if known is None:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            known = self._plans[sections] = self.build(sections)
        return known

    def location_plan(self, exchange: Exchange) -> RequestPlan:
        """The plan by path alone: what `translate` runs with."""
        if self.has_no_locations and not self.ifs:
            return self.base
        keys = [("location", index) for index in self.locations.find(exchange.path)]
        return self._plan_of(keys, exchange)

    def full_plan(self, exchange: Exchange) -> RequestPlan:
        """The plan by where the request goes: an origin or a file, then by path."""
        keys: list[SectionKey] = []
        if exchange.proxy is not None:
            if self.proxies:
                found = first_matching(self.proxies, exchange.proxy.url)
                keys += (("proxy", index) for index in found)
        elif exchange.filename is not None:
            keys += self._keys_of_file(exchange)
        if not self.has_no_locations:
            keys += (("location", index) for index in self.locations.find(exchange.path))
        return self._plan_of(keys, exchange)

    def _keys_of_file(self, exchange: Exchange) -> list[SectionKey]:
        """The sections of the directories of a request's file, and of the file."""
        name = exchange.filename
        assert name is not None
        keys: list[SectionKey] = []
        of_access_files: list[SectionKey] = []
        if self.access_files is not None:
            keys, of_access_files = self.access_files(exchange)
        elif self.directories:
            keys += (("directory", index) for index in first_matching(self.directories, name))
        if self.files:
            file = file_of(name)
            keys += (("files", index) for index in first_matching(self.files, file))
        return keys + of_access_files

    def _plan_of(self, keys: list[SectionKey], exchange: Exchange) -> RequestPlan:
        """The plan for the sections that cover a request, with those whose conditions hold."""
        if self.named:
            self._name_groups(keys, exchange)
        if self.ifs or self.section_ifs:
            level = list(self.ifs)
            for key in keys:
                level += self.section_ifs.get(key, ())
            keys += (("if", index) for index in holding(level, exchange))
        return self.plan(tuple(keys)) if keys else self.base

    def _name_groups(self, keys: Iterable[SectionKey], exchange: Exchange) -> None:
        """Set MATCH_NAME for the named groups of sections that cover a request."""
        for key in keys:
            pattern = self.named.get(key)
            if pattern is None:
                continue
            subject = exchange.path
            if key[0] == "proxy":
                subject = exchange.proxy.url
            elif key[0] == "directory":
                subject = exchange.filename or ""
            elif key[0] == "files":
                subject = (exchange.filename or "").rpartition("/")[2]
            match = pattern.search(subject)
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
