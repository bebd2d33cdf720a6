"""mod_rewrite: URLs changed, redirected or sent to an origin by rules.

Laws:
- The rules of a server run once a request, before ProxyPass and Alias; a virtual host has its own
  and inherits none but by RewriteOptions.
- Conditions belong to the next rule alone.
- Every rule is compiled when the plan is made; no rules, no hook.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import ConfigError, Diagnostic, DirectiveError, Severity
from revproxy.module import Hook, Module, Scope, ScopeKind, Server
from revproxy.rewrite.conditions import Condition, parse_condition
from revproxy.rewrite.maps import parse_map
from revproxy.rewrite.rule import Rule, Step, compile_rule, parse_rule
from revproxy.rewrite.server import server_hook

_OPTIONS: Final = frozenset(
    (
        *("inherit", "inheritbefore", "inheritdown", "inheritdownbefore", "ignoreinherit"),
        *("allowanyuri", "mergebase", "legacyprefixdocroot", "allownoslash"),
        *("ignorecontextinfo", "longurloptimization"),
    )
)
MapLookUp = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The directives of one server or section."""

    engine: bool | None = None
    options: frozenset[str] | None = None
    rules: tuple[Rule, ...] = ()
    pending: tuple[Condition, ...] = ()
    """Conditions that wait for their rule."""
    maps: Mapping[str, MapLookUp] = field(default_factory=dict)

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
        return RuleSet(engine, own, rules, (), maps)


@dataclass(frozen=True, slots=True)
class Settings:
    """The rules of the server."""

    server: RuleSet = field(default_factory=RuleSet)

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """A virtual host's settings within the main server's."""
        return Settings(inner.server.over(outer.server))


def _parse(
    change: Callable[[RuleSet, Directive, Scope], RuleSet],
) -> Callable[[Settings, Directive, Scope], Settings]:
    """A parser of a directive that changes the rule set of its place."""

    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        if scope.kind is not ScopeKind.SERVER:
            raise DirectiveError(
                f"{directive.name} is implemented in the server and in virtual hosts only"
            )
        return Settings(change(settings.server, directive, scope))

    return parse


def _engine(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    return dataclasses.replace(rules, engine=directive.values[0].lower() == "on")


def _options(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    found = set(rules.options or ())
    for index, word in enumerate(directive.values):
        name = word.lower()
        if name.startswith("maxredirects="):
            raise DirectiveError(
                "RewriteOptions: MaxRedirects has left Apache",
                argument=index,
                hint="LimitInternalRecursion sets the limit",
            )
        if name not in _OPTIONS:
            raise DirectiveError(f"RewriteOptions: unknown option '{word}'", argument=index)
        found.add(name)
    return dataclasses.replace(rules, options=frozenset(found))


def _condition(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    return dataclasses.replace(rules, pending=(*rules.pending, parse_condition(directive)))


def _rule(rules: RuleSet, directive: Directive, _scope: Scope) -> RuleSet:
    rule = parse_rule(directive, rules.pending)
    compile_rule(rule, lambda _name: lambda _key: None)
    return dataclasses.replace(rules, rules=(*rules.rules, rule), pending=())


def _map(rules: RuleSet, directive: Directive, scope: Scope) -> RuleSet:
    name, source = directive.values[:2]
    return dataclasses.replace(rules, maps={**rules.maps, name: parse_map(source, scope)})


def _compiled(rules: RuleSet) -> list[Step]:
    """The rules as closures. Raises ConfigError for a map that is not there."""
    steps: list[Step] = []
    problems: list[Diagnostic] = []

    def find(name: str) -> MapLookUp:
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
    rules = settings.server
    if not rules.engine or not rules.rules:
        return None
    known = server.shared.get("mod_rewrite")
    if known is None:
        options = rules.options or frozenset()
        known = server.shared["mod_rewrite"] = server_hook(
            _compiled(rules),
            server,
            any_uri="allowanyuri" in options,
            legacy_prefix="legacyprefixdocroot" in options,
        )
    hook: Hook = known
    return hook


MODULE = Module(
    name="mod_rewrite",
    settings=Settings,
    directives={
        "rewriteengine": _parse(_engine),
        "rewriteoptions": _parse(_options),
        "rewritecond": _parse(_condition),
        "rewriterule": _parse(_rule),
        "rewritemap": _parse(_map),
    },
    hooks={"translate": _translate},
)
