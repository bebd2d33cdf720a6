"""The contract between a module and the rest: what stands at the foot of each file in `modules/`.

Laws:
- A module is data: its settings, its directives, its hooks by phase, its filters by name.
- Settings are one frozen, slotted dataclass a module; every field defaults to `UNSET` and says
  how it merges (`setting()`); a later section is merged over an earlier one, field by field.
- A directive's parser takes the settings so far and returns new ones; it raises `DirectiveError`
  for what it cannot accept and never looks at a file or a socket.
- A hook factory runs once for each merged settings at load; it returns the hook, or None when
  there is nothing to do, and then the module costs nothing.
- `file_fixups` are the last fixups, for what no origin gets.
- Hooks are synchronous but for `names` (the client's name is looked up), `authn` and `handler`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias, TypeVar

from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError
from revproxy.filters import Filter
from revproxy.http.message import Exchange, RequestBody
from revproxy.http.uri import DEFAULT_PORTS
from revproxy.pattern import Pattern
from revproxy.records import dataclass

T = TypeVar("T")
S = TypeVar("S")


class Unset(enum.Enum):
    """The type of `UNSET`: a setting that no directive has touched."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET

Merge: TypeAlias = Callable[[Any, Any], Any]
"""Takes the outer and the inner value, neither of them UNSET."""


def replace(_outer: Any, inner: Any) -> Any:
    """The inner value is in force."""
    return inner


def append(outer: Any, inner: Any) -> Any:
    """Tuples: the outer entries come first."""
    return outer + inner


def prepend(outer: Any, inner: Any) -> Any:
    """Tuples: the inner entries come first."""
    return inner + outer


def overlay(outer: Any, inner: Any) -> Any:
    """Mappings: the inner entries replace outer ones of the same key."""
    return {**outer, **inner}


def setting(merge: Merge = replace) -> Any:
    """A field of a settings dataclass, with the way it merges."""
    return field(default=UNSET, metadata={"merge": merge})


def value_or(value: T | Unset, default: T) -> T:
    """The value, or `default` where no directive set it."""
    return default if value is UNSET else value


def merge_settings(outer: S, inner: S) -> S:
    """`inner` laid over `outer`; the settings' own `merged(outer, inner)` goes first if there."""
    if outer is inner:
        return outer
    custom = getattr(type(inner), "merged", None)
    if custom is not None:
        result: S = custom(outer, inner)
        return result
    values = {}
    for item in dataclasses.fields(inner):  # type: ignore[arg-type]
        old, new = getattr(outer, item.name), getattr(inner, item.name)
        if new is UNSET:
            values[item.name] = old
        elif old is UNSET:
            values[item.name] = new
        else:
            values[item.name] = item.metadata["merge"](old, new)
    return type(inner)(**values)


class ScopeKind(enum.Enum):
    """The kinds of place a directive can stand in, by the section that merges."""

    SERVER = "server"
    DIRECTORY = "directory"
    FILES = "files"
    LOCATION = "location"
    PROXY = "proxy"
    IF = "if"


@dataclass(frozen=True, slots=True)
class Alias:
    """A provider under a name of its own: its base, its arguments, what its section sets."""

    base: str
    arguments: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """By module name; they lie over those of a request."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a directive stands, for parsers that must know.

    `argument` is the section's path, URL or regex as written, `pattern` the compiled regex of a
    Match (or `~`) section. `methods` is what an enclosing `<Limit>` names (None outside of one),
    with `methods_excepted` where it is a `<LimitExcept>`: all methods but these.
    `allowed_options` is what `Options` may name in an access file, None where it may all.
    `aliases` are those of providers that the configuration has defined so far, by kind and name;
    `contents` is what the directives within a section set, by module name.
    `warn` collects what is odd but accepted.
    """

    kind: ScopeKind = ScopeKind.SERVER
    argument: str = ""
    pattern: Pattern | None = None
    virtual: bool = False
    server_root: str = "/etc/apache2"
    methods: frozenset[str] | None = None
    methods_excepted: bool = False
    allowed_options: frozenset[str] | None = None
    aliases: dict[tuple[str, str], Alias] = field(default_factory=dict, compare=False)
    contents: Callable[[Directive], Mapping[str, Any]] = lambda _section: {}
    warn: Callable[[Diagnostic], None] = lambda _diagnostic: None

    def path(self, name: str) -> str:
        """A file name as Apache resolves it: relative ones below ServerRoot."""
        return name if name.startswith("/") else f"{self.server_root.rstrip('/')}/{name}"


Parser: TypeAlias = Callable[[Any, Directive, Scope], Any]
"""(settings so far, directive, scope) -> new settings."""

Hook: TypeAlias = Callable[[Exchange], Any]
"""What a module does in one phase.

`translate`, `access`, `authz`, `fixups` and `handler` hooks return None for "declined";
those of `translate`, `type_checker` and both `fixups` may return a coroutine where they have to
wait (`waiting`); `translate`, `type_checker`, `authn` and `handler` stop at the first that returns
True (the latter two are async);
`authz` returns False where it cannot tell without a user, and runs again when there is one;
any hook may raise `HTTPError`.
"""

AsyncHook: TypeAlias = Callable[[Exchange], Awaitable[Any]]

PHASES: Final = (
    "post_read",
    "translate",
    "names",
    "access",
    "authn",
    "authz",
    "type_checker",
    "fixups",
    "file_fixups",
    "insert_filter",
    "handler",
    "log",
)


NameMatch: TypeAlias = Callable[[str], bool]


NO_DOCUMENT_ROOT: Final = "/nonexistent"
"""Without DocumentRoot: no file is below it, and sections and rules see paths all the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """The facts about a virtual host that modules may need (Apache's `server_rec`)."""

    name: str = ""
    """ServerName's host; the machine's name where none is set."""
    aliases: NameMatch = field(default=lambda _name: False)
    """Whether a host in lower case is one of ServerAlias."""
    addresses: tuple[tuple[str, int], ...] = ()
    """What the VirtualHost line names: host as written in lower case, and port (0 for any)."""
    port: int = 0
    """ServerName's port; 0 where none is set."""
    scheme: str = ""
    """ServerName's scheme, "" where none is set."""
    virtual: bool = False
    admin: str = ""
    timeout: float = 60.0
    signature: str = "Off"
    tokens: str = "Full"
    canonical_name: str = "Off"
    canonical_port: bool = False
    document_root: str = NO_DOCUMENT_ROOT
    server_root: str = "/etc/apache2"
    main_error_log: str = ""
    config_file: str = ""
    config_line: int = 0
    trace: str = "on"
    encoded_slashes: str = "Off"
    product: str = "revproxy"
    """The product tokens by ServerTokens: what Server and Via say."""
    modules: frozenset[str] = frozenset()
    """The modules that are loaded."""
    names_unique_id: bool = False
    """Some directive names UNIQUE_ID."""
    shared: dict[str, Any] = field(default_factory=dict)
    """What a module makes once a virtual host, by the module's name."""

    def self_address(self, exchange: Exchange) -> tuple[str, int]:
        """The name and port this server goes by in what it says of itself (UseCanonicalName)."""
        default = DEFAULT_PORTS[self.self_scheme(exchange)]
        if self.canonical_name == "Off" and exchange.host is not None:
            host, port = exchange.host, exchange.host_port or self.port or default
        else:
            host, port = self.name, self.port or default
        return host, exchange.connection.local_port if self.canonical_port else port

    def is_named(self, host: str, port: int) -> bool:
        """A host in lower case and a port are this server's (`ap_matches_request_vhost`).

        A ServerName without a port has none, so just an address can match.
        """
        for name, number in self.addresses:
            if name == host and number in (0, port):
                return True
        return port == self.port and (host == self.name.lower() or self.aliases(host))

    def self_scheme(self, exchange: Exchange) -> str:
        """The scheme of this server's URLs."""
        return self.scheme or ("https" if exchange.connection.is_tls else "http")

    def self_url(self, exchange: Exchange, path: str) -> str:
        """An absolute URL of this server (`ap_construct_url`)."""
        # Of one connection's requests it is nearly always the same (1 µs).
        asked = exchange.host, exchange.host_port
        known = exchange.connection.memo.get(self)
        if known is not None and known[0] == asked:
            return f"{known[1]}{path}"
        scheme = self.self_scheme(exchange)
        host, port = self.self_address(exchange)
        authority = host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
        origin = f"{scheme}://{authority}"
        exchange.connection.memo[self] = asked, origin
        return f"{origin}{path}"


HookFactory: TypeAlias = Callable[[Any, Server], Hook | None]
FilterMaker: TypeAlias = Callable[[Exchange], Filter | None]
"""Makes the filter for one exchange, None where there is nothing to do."""

FilterFactory: TypeAlias = Callable[[Any, Server], FilterMaker]
"""From a module's merged settings to what makes its filter, once a request plan."""

BodyMaker: TypeAlias = Callable[[Exchange, RequestBody], RequestBody]
"""Puts an input filter in the way of a request's body."""

InputFactory: TypeAlias = Callable[[Any, Server], BodyMaker]


@dataclass(frozen=True, slots=True)
class Module:
    """A module's whole contract.

    `hooks` maps a phase to a factory; the phases `post_read` and `log` are made once a virtual
    host from its server-level settings, the others once for each combination of sections.
    `filters` maps an output filter's name in lower case, as SetOutputFilter names it, to what
    makes one; `input_filters` maps those that SetInputFilter names.
    `finish` may check and complete the whole server's settings after all are parsed.
    """

    name: str
    settings: type[Any]
    directives: Mapping[str, Parser] = field(default_factory=dict)
    hooks: Mapping[str, HookFactory] = field(default_factory=dict)
    filters: Mapping[str, FilterFactory] = field(default_factory=dict)
    input_filters: Mapping[str, InputFactory] = field(default_factory=dict)


# Parsers for the common shapes of directives.


def flag(name: str) -> Parser:
    """`Directive On|Off` (any case) to a bool."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0].lower()
        if word not in ("on", "off"):
            raise DirectiveError(f"{directive.name} must be On or Off", argument=0)
        return dataclasses.replace(settings, **{name: word == "on"})

    return parse


def text(name: str) -> Parser:
    """One word, kept as it is."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        return dataclasses.replace(settings, **{name: directive.values[0]})

    return parse


def number(name: str, *, low: int = 0, high: int | None = None) -> Parser:
    """One whole number between `low` and `high`."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0]
        try:
            value = int(word)
        except ValueError:
            raise DirectiveError(
                f"{directive.name} takes a whole number, not '{word}'", argument=0
            ) from None
        if value < low or (high is not None and value > high):
            limits = f"at least {low}" if high is None else f"between {low} and {high}"
            raise DirectiveError(f"{directive.name} must be {limits}", argument=0)
        return dataclasses.replace(settings, **{name: value})

    return parse


def choice(name: str, *words: str) -> Parser:
    """One of `words`, compared without case, kept in the spelling given here."""
    spelling = {word.lower(): word for word in words}

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        try:
            value = spelling[directive.values[0].lower()]
        except KeyError:
            raise DirectiveError(
                f"{directive.name} must be one of {', '.join(words)}", argument=0
            ) from None
        return dataclasses.replace(settings, **{name: value})

    return parse


_UNITS: Final = {"": None, "ms": 0.001, "s": 1.0, "mi": 60.0, "min": 60.0, "h": 3600.0}


def seconds(word: str, default_unit: str = "s") -> float:
    """An interval as `ap_timeout_parameter_parse` reads it: a number and ms, s, mi(n) or h.

    Raises ValueError for anything else.
    """
    digits = word.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = word[len(digits) :].lower()
    factor = _UNITS[unit or default_unit] if unit in _UNITS else None
    if factor is None or not digits.isascii():
        raise ValueError(word)
    return int(digits) * factor


def interval(name: str, *, low: float = 0, default_unit: str = "s") -> Parser:
    """`Directive number[unit]` to seconds of at least `low`."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        try:
            value = seconds(directive.values[0], default_unit)
        except ValueError:
            value = -1.0
        if value < low:
            raise DirectiveError(f"{directive.name} must be a number of seconds", argument=0)
        changes: dict[str, Any] = {name: value}
        return dataclasses.replace(settings, **changes)

    return parse
