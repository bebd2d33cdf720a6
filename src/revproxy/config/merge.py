"""The checked tree to settings: one object a module for each server and each section.

Laws:
- A directive goes to the parser of the module that has its name; what no module has is left to
  `check.py`, which has said so.
- Sections stay in file order, the Match forms among the others; who merges them knows Apache's
  order. A section inside a section is its child. `<Limit>` is no section: its directives belong
  to what is around it, and know the methods.
- A virtual host's settings are its own; `inherit` lays them over the main server's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from revproxy.config import codes
from revproxy.config.catalogue import SERVED_HERE
from revproxy.config.expr import Condition, compile_condition
from revproxy.config.sections import methods_of, path_of
from revproxy.config.tree import Configuration, Directive, Word
from revproxy.errors import (
    Diagnostic,
    DirectiveError,
    Location,
    NotThereError,
    Severity,
    UnimplementedError,
)
from revproxy.module import Module, Parser, Scope, ScopeKind, merge_settings
from revproxy.pattern import Pattern, compile_pattern, reset_defaults
from revproxy.records import dataclass

SECTION_KINDS: Final = {
    "directory": ScopeKind.DIRECTORY,
    "directorymatch": ScopeKind.DIRECTORY,
    "files": ScopeKind.FILES,
    "filesmatch": ScopeKind.FILES,
    "location": ScopeKind.LOCATION,
    "locationmatch": ScopeKind.LOCATION,
    "proxy": ScopeKind.PROXY,
    "proxymatch": ScopeKind.PROXY,
    "if": ScopeKind.IF,
    "elseif": ScopeKind.IF,
    "else": ScopeKind.IF,
}
"""The sections that merge for a request, by lower-case name."""

HANDLED: Final = SERVED_HERE
"""What is served here, whatever the modules know."""


_CODES: Final = ((NotThereError, codes.NOT_THERE), (UnimplementedError, codes.UNIMPLEMENTED))
"""What parsers refuse for another reason than a bad value."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section that merges, with what its directives set."""

    scope: Scope
    settings: Mapping[str, Any]
    """By module name; only modules of which a directive stands in the section."""
    directive: Directive
    children: tuple[Section, ...] = ()
    condition: Condition | None = None
    """What `<If>` and `<ElseIf>` ask."""


@dataclass(slots=True)
class ServerConfig:
    """The main server (`directive` None) or a virtual host."""

    directive: Directive | None
    addresses: tuple[Word, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """By module name; every module is there."""
    directories: list[Section] = field(default_factory=list)
    files: list[Section] = field(default_factory=list)
    locations: list[Section] = field(default_factory=list)
    proxies: list[Section] = field(default_factory=list)
    ifs: list[Section] = field(default_factory=list)

    def sections(self, kind: ScopeKind) -> list[Section]:
        """The list that sections of this kind stand in."""
        return {
            ScopeKind.DIRECTORY: self.directories,
            ScopeKind.FILES: self.files,
            ScopeKind.LOCATION: self.locations,
            ScopeKind.PROXY: self.proxies,
            ScopeKind.IF: self.ifs,
        }[kind]


def merge(
    configuration: Configuration, modules: Sequence[Module]
) -> tuple[ServerConfig, list[ServerConfig], list[Diagnostic]]:
    """The main server, the virtual hosts in file order, and what the parsers refused."""
    reset_defaults()
    reader = _Merge(configuration, modules)
    main = ServerConfig(None)
    hosts: list[ServerConfig] = []
    scope = Scope(
        server_root=configuration.server_root,
        aliases=configuration.aliases,
        contents=reader.settings_of,
        warn=reader.diagnostics.append,
    )
    plain = [item for item in configuration.directives if item.key != "virtualhost"]
    reader.server(main, plain, scope)
    for directive in configuration.directives:
        if directive.key == "virtualhost" and not directive.refused:
            host = ServerConfig(directive, directive.args)
            virtual = dataclasses.replace(scope, virtual=True)
            reader.server(host, directive.children or (), virtual)
            hosts.append(host)
    return main, hosts, reader.diagnostics


def merge_access_file(
    configuration: Configuration,
    modules: Sequence[Module],
    directory: str,
    allowed_options: frozenset[str] | None,
) -> tuple[Section, list[Diagnostic]]:
    """An access file as the section it is for its directory, and what the parsers refused."""
    reader = _Merge(configuration, modules)
    scope = Scope(
        ScopeKind.DIRECTORY,
        directory,
        server_root=configuration.server_root,
        allowed_options=allowed_options,
        aliases=configuration.aliases,
        warn=reader.diagnostics.append,
    )
    place = Location(configuration.files[0], 1)
    directive = Directive(
        "Directory", (Word(directory, place),), directory, place, configuration.directives
    )
    return reader.contents(directive, scope), reader.diagnostics


def inherit(main: ServerConfig, host: ServerConfig) -> ServerConfig:
    """The virtual host with the main server's settings below its own; main's sections first."""
    settings = {
        name: merge_settings(outer, host.settings[name]) if name in host.settings else outer
        for name, outer in main.settings.items()
    }
    return ServerConfig(
        host.directive,
        host.addresses,
        settings,
        directories=main.directories + host.directories,
        files=main.files + host.files,
        locations=main.locations + host.locations,
        proxies=main.proxies + host.proxies,
        ifs=main.ifs + host.ifs,
    )


class _Merge:
    def __init__(self, configuration: Configuration, modules: Sequence[Module]) -> None:
        self._modules = [
            module
            for module in modules
            if not configuration.whole or module.name in configuration.loaded
        ]
        self._parsers: dict[str, list[tuple[Module, Parser]]] = {}
        for module in self._modules:
            for name, parser in module.directives.items():
                self._parsers.setdefault(name.lower(), []).append((module, parser))
        self.diagnostics: list[Diagnostic] = []
        self._defining = Scope(
            ScopeKind.DIRECTORY,
            server_root=configuration.server_root,
            aliases=configuration.aliases,
            warn=self.diagnostics.append,
        )

    def server(self, server: ServerConfig, directives: Iterable[Directive], scope: Scope) -> None:
        server.settings.update({module.name: module.settings() for module in self._modules})
        self._lines(
            directives,
            scope,
            server.settings,
            lambda section: server.sections(section.scope.kind).append(section),
        )

    def _lines(
        self,
        directives: Iterable[Directive],
        scope: Scope,
        settings: dict[str, Any],
        add: Callable[[Section], None],
    ) -> None:
        for directive in directives:
            if directive.refused:
                continue
            if directive.children is not None and directive.key in SECTION_KINDS:
                section = self._section(directive, scope)
                if section is not None:
                    add(section)
            elif directive.children is not None and directive.key in ("limit", "limitexcept"):
                limited = dataclasses.replace(
                    scope,
                    methods=methods_of(directive),
                    methods_excepted=directive.key == "limitexcept",
                )
                self._lines(directive.children, limited, settings, add)
            else:
                self._parse(directive, scope, settings)

    def contents(self, directive: Directive, scope: Scope) -> Section:
        """A section of this scope, of what stands in it."""
        settings: dict[str, Any] = {}
        children: list[Section] = []
        self._lines(directive.children or (), scope, settings, children.append)
        return Section(scope, settings, directive, tuple(children))

    def settings_of(self, directive: Directive) -> Mapping[str, Any]:
        """What stands in a section that defines something, by module name."""
        return self.contents(directive, self._defining).settings

    def _parse(self, directive: Directive, scope: Scope, settings: dict[str, Any]) -> None:
        for module, parser in self._parsers.get(directive.key, ()):
            before = settings.get(module.name)
            if before is None:
                before = module.settings()
            try:
                settings[module.name] = parser(before, directive, scope)
            except DirectiveError as error:
                self._refuse(directive, error)

    def _refuse(self, directive: Directive, error: DirectiveError) -> None:
        location = error.location or directive.location
        if error.location is None and error.argument in range(len(directive.args)):
            location = directive.args[error.argument or 0].location
        code = next((code for kind, code in _CODES if isinstance(error, kind)), codes.BAD_VALUE)
        self.diagnostics.append(
            Diagnostic(code, Severity.ERROR, location, error.message, error.hint)
        )

    def _section(self, directive: Directive, outer: Scope) -> Section | None:
        condition: Condition | None = None
        try:
            argument, pattern = _argument(directive)
            if directive.key in ("if", "elseif"):
                condition = _condition(directive)
        except DirectiveError as error:
            self._refuse(directive, error)
            return None
        scope = dataclasses.replace(
            outer,
            kind=SECTION_KINDS[directive.key],
            argument=argument,
            pattern=pattern,
            methods=None,
            methods_excepted=False,
        )
        settings: dict[str, Any] = {}
        children: list[Section] = []
        if directive.key == "proxy" and len(directive.args) > 1:
            # What stands behind the URL of <Proxy> are parameters, as ProxySet takes them.
            parameters = Directive("ProxySet", directive.args[1:], "", directive.location)
            self._parse(parameters, scope, settings)
        self._lines(directive.children or (), scope, settings, children.append)
        if scope.kind is ScopeKind.IF:
            self._without_effect(children)
        return Section(scope, settings, directive, tuple(children), condition)

    def _without_effect(self, children: Iterable[Section]) -> None:
        for child in children:
            if child.scope.kind is ScopeKind.FILES:
                shown = child.directive.name
                self.diagnostics.append(
                    Diagnostic(
                        codes.NO_EFFECT,
                        Severity.WARNING,
                        child.directive.location,
                        f"<{shown}> in a section that depends on a condition has no effect",
                        f"write the condition within <{shown}>",
                    )
                )


def _condition(directive: Directive) -> Condition:
    try:
        return compile_condition(directive.values[0])
    except ValueError as error:
        raise DirectiveError(f"Cannot parse condition clause: {error}", argument=0) from None


def _argument(directive: Directive) -> tuple[str, Pattern | None]:
    """A section's path or URL, and its regex if it has one."""
    if SECTION_KINDS[directive.key] is ScopeKind.IF:
        # What Apache takes for the path there.
        return "*If", None
    argument, is_regex, position = path_of(directive)
    if not is_regex:
        return argument, None
    try:
        return argument, compile_pattern(argument)
    except ValueError as error:
        raise DirectiveError(str(error), argument=position) from None
