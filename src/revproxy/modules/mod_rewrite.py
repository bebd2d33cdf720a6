"""mod_rewrite: URLs changed, redirected or sent to an origin by rules.

Laws:
- The rules of a server run once a request, before ProxyPass and Alias; a virtual host has its own
  and inherits none but by RewriteOptions.
- Those of sections run in the fixups; an inner section's replace the outer ones', but by
  RewriteOptions.
- Conditions belong to the next rule alone.
- Every rule is compiled when the plan is made; no rules, no hook. What runs them is loaded then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import field
from types import CoroutineType
from typing import Any, Final

from revproxy.authz.names import look_up_early
from revproxy.config.tree import Directive
from revproxy.errors import ConfigError, Diagnostic, DirectiveError, Severity
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, ScopeKind, Server
from revproxy.records import dataclass
from revproxy.rewrite.conditions import Condition, parse_condition
from revproxy.rewrite.maps import NoMap, RewriteMap, absent_file, parse_map
from revproxy.rewrite.rule import Rule, Step, compile_rule, parse_rule
from revproxy.rewrite.substitution import take_handler
from revproxy.rewrite.waiting_maps import ProgramMap
from revproxy.waiting import run

_OPTIONS: Final = frozenset(
    (
        *("inherit", "inheritbefore", "inheritdown", "inheritdownbefore", "ignoreinherit"),
        *("allowanyuri", "mergebase", "legacyprefixdocroot", "allownoslash"),
        *("ignorecontextinfo", "unsafeprefixstat"),
    )
)


_NO_MAP: Final = NoMap()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The directives of one server or section."""

    engine: bool | None = None
    options: frozenset[str] | None = None
    rules: tuple[Rule, ...] = ()
    pending: tuple[Condition, ...] = ()
    """Conditions that wait for their rule."""
    maps: Mapping[str, RewriteMap] = field(default_factory=dict)
    directory: str = ""
    """What a section covers, with a slash at its end."""
    base: str | None = None

    def over(self, outer: RuleSet) -> RuleSet:
        """This set within `outer`: its rules alone, or both, as RewriteOptions says."""
        own = outer.options if self.options is None else self.options
        options = own or frozenset()
        above = outer.options or frozenset()
        refuses = "ignoreinherit" in options
        rules, maps = self.rules, self.maps
        if "inherit" in options or ("inheritdown" in above and not refuses):
            rules, maps = (*self.rules, *outer.rules), {**outer.maps, **self.maps}
        elif "inheritbefore" in options or ("inheritdownbefore" in above and not refuses):
            rules, maps = (*outer.rules, *self.rules), {**outer.maps, **self.maps}
        engine = outer.engine if self.engine is None else self.engine
        base = self.base
        if base is None and "mergebase" in options:
            base = outer.base
        return RuleSet(engine, own, rules, (), maps, self.directory, base)


@dataclass(frozen=True, slots=True)
class Settings:
    """The rules of the server, and those of the sections that cover a request."""

    server: RuleSet = field(default_factory=RuleSet)
    section: RuleSet | None = None

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """A section's settings within what is around it, or a virtual host's in the main server's.

        RewriteEngine and RewriteOptions of a server are those of its sections too.
        """
        if inner.section is None:
            return Settings(inner.server.over(outer.server))
        around = outer.section
        if around is None:
            around = RuleSet(outer.server.engine, outer.server.options)
        return Settings(outer.server, inner.section.over(around))


def _parse(
    change: Callable[[RuleSet, Directive, Scope], RuleSet],
) -> Callable[[Settings, Directive, Scope], Settings]:
    """A parser of a directive that changes the rule set of its place."""

    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        if scope.kind is ScopeKind.SERVER:
            return Settings(change(settings.server, directive, scope))
        directory = "*If" if scope.kind is ScopeKind.IF else scope.argument.rstrip("/")
        known = settings.section or RuleSet(directory=f"{directory}/")
        return Settings(settings.server, change(known, directive, scope))

    return parse


def _engine(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    return dataclasses.replace(rules, engine=directive.values[0].lower() == "on")


def _options(rules: RuleSet, directive: Directive, scope: Scope) -> RuleSet:
    found = set(rules.options or ())
    for index, word in enumerate(directive.values):
        name = word.lower()
        if name.startswith("maxredirects="):
            text = "MaxRedirects has no effect any more: LimitInternalRecursion sets the limit"
            place = directive.args[index].location
            scope.warn(Diagnostic("RP527", Severity.WARNING, place, text))
            continue
        if name not in _OPTIONS:
            raise DirectiveError(f"RewriteOptions: unknown option '{word}'", argument=index)
        found.add(name)
    return dataclasses.replace(rules, options=frozenset(found))


def _condition(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    return dataclasses.replace(rules, pending=(*rules.pending, parse_condition(directive)))


def _rule(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    rule = parse_rule(directive, rules.pending)
    compile_rule(rule, lambda _name: _NO_MAP)
    return dataclasses.replace(rules, rules=(*rules.rules, rule), pending=())


def _base(rules: RuleSet, directive: Directive, scope: Scope) -> RuleSet:
    word = directive.values[0]
    if scope.kind is ScopeKind.SERVER:
        raise DirectiveError("RewriteBase: only valid in per-directory config files")
    if not word.startswith("/"):
        raise DirectiveError("RewriteBase: argument is not a valid URL", argument=0)
    return dataclasses.replace(rules, base=word)


def _map(rules: RuleSet, directive: Directive, scope: Scope) -> RuleSet:
    name, source, *user = directive.values
    table = parse_map(source, scope, "".join(user))
    path = absent_file(table)
    if path:
        # Rules can be looked at all the same, on a machine that has not got the file.
        text = f"RewriteMap: file for map not found:{path}"
        scope.warn(Diagnostic("RP535", Severity.ERROR, directive.args[1].location, text))
    return dataclasses.replace(rules, maps={**rules.maps, name: table})


def _compiled(rules: RuleSet) -> list[Step]:
    """The rules as closures. Raises ConfigError for a map that is not there."""
    steps: list[Step] = []
    problems: list[Diagnostic] = []

    def find(name: str) -> RewriteMap:
        try:
            return rules.maps[name]
        except KeyError:
            raise DirectiveError(
                f"RewriteRule: there is no RewriteMap '{name}' here",
                hint="a virtual host sees the maps outside of it with RewriteOptions Inherit only",
            ) from None

    for rule in rules.rules:
        try:
            steps.append(compile_rule(rule, find))
        except DirectiveError as error:
            problems.append(
                Diagnostic("rewrite-map", Severity.ERROR, rule.location, error.message, error.hint)
            )
    if problems:
        raise ConfigError(problems)
    return steps


def _translate(settings: Settings, server: Server) -> Hook | None:
    from revproxy.rewrite.server import ServerRules

    rules = settings.server
    if rules.engine:
        server.shared.setdefault("mod_rewrite programs", _Programs(rules.maps))
    if not rules.engine:
        return None
    known = server.shared.get("mod_rewrite")
    if known is None:
        known = ServerRules(_compiled(rules), server, rules.options or ())
        if _may_wait(rules, rules.maps):
            translate = known
            known = lambda exchange: run(translate, exchange)  # noqa: E731
        if any(rule.asks_name for rule in rules.rules):
            known = _named(known)
        server.shared["mod_rewrite"] = known
    hook: Hook = known
    return hook


def _named(translate: Hook) -> Hook:
    """The same, once the client's name is known: no section has asked for it yet."""

    async def named(exchange: Exchange) -> Any:
        await look_up_early(exchange)
        done = translate(exchange)
        return await done if isinstance(done, CoroutineType) else done

    return named


def _may_wait(rules: RuleSet, maps: Mapping[str, RewriteMap]) -> bool:
    waiting = {name for name, table in maps.items() if table.waits}
    return any(rule.may_wait(waiting) for rule in rules.rules)


class _Programs:
    """The programs of a server's maps, started and ended with the child process."""

    def __init__(self, maps: Mapping[str, RewriteMap]) -> None:
        self._programs = [table for table in maps.values() if isinstance(table, ProgramMap)]
        for program in self._programs:
            program.is_enabled = True

    def open(self) -> None:
        for program in self._programs:
            program.program().open()

    def close(self) -> None:
        for program in self._programs:
            program.program().close()


def _fixups(settings: Settings, server: Server) -> Hook | None:
    from revproxy.rewrite.directory import DirectoryRules

    rules = settings.section
    if rules is None or not rules.engine or not rules.rules:
        return None
    maps = settings.server.maps
    steps = [
        # A plan of sections is made when a request needs it: too late for findings.
        compile_rule(rule, lambda name: maps.get(name, _NO_MAP))
        for rule in rules.rules
    ]
    hook = DirectoryRules(steps, server, rules.directory, rules.base, rules.options or ())
    return (lambda exchange: run(hook, exchange)) if _may_wait(rules, maps) else hook


def _file_fixups(settings: Settings, _server: Server) -> Hook | None:
    """What the flag H has said is stronger than SetHandler."""
    section = settings.section or RuleSet()
    rules = (*settings.server.rules, *section.rules)
    return take_handler if any(rule.flags.handler for rule in rules) else None


MODULE = Module(
    name="mod_rewrite",
    settings=Settings,
    directives={
        "rewriteengine": _parse(_engine),
        "rewriteoptions": _parse(_options),
        "rewritecond": _parse(_condition),
        "rewriterule": _parse(_rule),
        "rewritemap": _parse(_map),
        "rewritebase": _parse(_base),
    },
    hooks={"translate": _translate, "fixups": _fixups, "file_fixups": _file_fixups},
)
