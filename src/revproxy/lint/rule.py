"""What a lint rule is, and what it gets to see.

Laws:
- A rule is metadata and one function from a `Subject` to findings; it opens no file and no socket.
- A rule that is in doubt is silent: a finding on a correct configuration costs more than a missed
  one.
- Ids and names are permanent; the docstring of a rule's file is its page (`docs/rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from revproxy.config.codes import UNIMPLEMENTED
from revproxy.config.tree import Directive
from revproxy.errors import Edit, Fix, Location, Severity
from revproxy.plan.load import Loaded
from revproxy.records import dataclass

STRUCTURAL = frozenset(("virtualhost", "limit", "limitexcept"))
"""Sections that are no place of a request."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a rule objects to. `severity` None for the rule's own."""

    location: Location
    message: str
    hint: str = ""
    related: tuple[tuple[Location, str], ...] = ()
    severity: Severity | None = None
    fix: Fix | None = None


def whole_line(location: Location) -> Fix | None:
    """The safe fix that takes a line away; None where it goes on in the next one."""
    if location.source.rstrip("\r\n").endswith("\\"):
        return None
    return Fix((Edit(location, None),), is_safe=True)


def replaced(location: Location, old: str, new: str, *, is_safe: bool = False) -> Fix | None:
    """The fix that puts one piece of a word's text for another; None where it is not there."""
    written = location.source[location.column - 1 : location.end_column - 1]
    if old not in written:
        return None
    return Fix((Edit(location, written.replace(old, new, 1)),), is_safe)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A directive with where it stands: its server, and the sections around it, outermost first."""

    directive: Directive
    server: ServerLines
    sections: tuple[Directive, ...] = ()

    @property
    def key(self) -> str:
        return self.directive.key

    @property
    def values(self) -> tuple[str, ...]:
        return self.directive.values

    @property
    def location(self) -> Location:
        return self.directive.location

    def word(self, index: int) -> Location:
        """Where an argument stands; the directive's place where there is none."""
        words = self.directive.args
        return words[index].location if index < len(words) else self.location

    @property
    def section(self) -> Directive | None:
        """The innermost section around it."""
        return self.sections[-1] if self.sections else None

    def is_in(self, *keys: str) -> bool:
        """Whether a section of one of these names (in lower case) is around it."""
        return any(section.key in keys for section in self.sections)


@dataclass(slots=True, eq=False)
class ServerLines:
    """The main server (`directive` None) or a virtual host, with all directives in it."""

    directive: Directive | None
    lines: list[Line] = field(default_factory=list)
    outer: ServerLines | None = None
    """The main server, for a virtual host."""
    _by_key: dict[str, list[Line]] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """One line more, behind all others."""
        self.lines.append(line)
        self._by_key.setdefault(line.key, []).append(line)

    def named(self, *keys: str) -> list[Line]:
        """Its own directives of these names (in lower case), in file order."""
        there = [key for key in keys if key in self._by_key]
        if len(there) < 2:
            return list(self._by_key[there[0]]) if there else []
        return [line for line in self.lines if line.key in there]

    def in_force(self, *keys: str) -> list[Line]:
        """As `named`, with the main server's first."""
        return (self.outer.named(*keys) if self.outer is not None else []) + self.named(*keys)

    def setting(self, key: str) -> Line | None:
        """The last such directive that stands in no section, of its own or the main server's."""
        own = [line for line in self.named(key) if not line.sections]
        if own:
            return own[-1]
        return self.outer.setting(key) if self.outer is not None else None

    def is_on(self, key: str) -> bool:
        """Whether such a flag is On outside of sections."""
        line = self.setting(key)
        return line is not None and line.values[:1] != () and line.values[0].lower() == "on"


class Subject:
    """A configuration as rules see it."""

    def __init__(self, loaded: Loaded, httpd_version: tuple[int, ...] | None = None) -> None:
        self.loaded = loaded
        self.httpd_version = httpd_version
        """The release of Apache that is asked about, None for any."""
        self._unserved = {
            item.location for item in loaded.diagnostics if item.code == UNIMPLEMENTED
        }
        self.main = ServerLines(None)
        self.servers = [self.main]
        for directive in loaded.configuration.directives:
            if directive.key == "virtualhost":
                host = ServerLines(directive, outer=self.main)
                self.servers.append(host)
                self._collect(directive.children or (), host, ())
            else:
                self._collect((directive,), self.main, ())

    @property
    def hosts(self) -> list[ServerLines]:
        """The virtual hosts."""
        return self.servers[1:]

    def lines(self, *keys: str) -> Iterator[Line]:
        """Directives of these names (in lower case) anywhere."""
        for server in self.servers:
            yield from server.named(*keys)

    def is_loaded(self, module: str) -> bool:
        """Whether the module is there."""
        configuration = self.loaded.configuration
        return not configuration.whole or module in configuration.loaded

    def _collect(
        self,
        directives: Iterable[Directive],
        server: ServerLines,
        sections: tuple[Directive, ...],
    ) -> None:
        for directive in directives:
            # What Apache accepts and revproxy does not serve is worth a look all the same.
            if directive.refused and directive.location not in self._unserved:
                continue
            server.add(Line(directive, server, sections))
            if directive.children is not None:
                inner = sections if directive.key in STRUCTURAL else (*sections, directive)
                self._collect(directive.children, server, inner)

    def is_before(self, *release: int) -> bool:
        """Whether a release older than this one is asked about."""
        return self.httpd_version is not None and self.httpd_version < release


@dataclass(frozen=True, slots=True)
class Rule:
    """A lint rule: `check` gives its findings in any order."""

    code: str
    name: str
    severity: Severity
    summary: str
    """One line: what it objects to."""
    check: Callable[[Subject], Iterable[Finding]]
    instead: bool = False
    """What reading says of the same line is left out where the rule speaks: it is more telling."""
