"""RewriteRule: a pattern, its conditions and what comes of a match, compiled to one closure.

Laws:
- The pattern is tried first, then the conditions, then everything that the flags ask for.
- A step says whether it matched, and whether it changed the name; what comes next is the list's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, Location, UnimplementedError
from revproxy.pattern import Pattern, compile_pattern
from revproxy.proxy.settings import SUPPORTED_SCHEMES
from revproxy.records import dataclass
from revproxy.rewrite.arguments import Flags, parse_flags, split
from revproxy.rewrite.conditions import Condition, Test, compile_condition, compile_told
from revproxy.rewrite.cookies import add_cookie
from revproxy.rewrite.escape import scheme_length
from revproxy.rewrite.expand import MapLookup, compile_template, map_names
from revproxy.rewrite.run import Part, Run
from revproxy.rewrite.substitution import MATCHED, MISS, Substitution, forced
from revproxy.rewrite.variables import looks_ahead


@dataclass(frozen=True, slots=True)
class Rule:
    """One RewriteRule as it was read."""

    pattern: Pattern
    pattern_text: str
    """The pattern as it is written, without `!`."""
    negated: bool
    output: str
    flags: Flags
    conditions: tuple[Condition, ...]
    location: Location
    source: str
    drops_query: bool
    """A lone `?` at the end of the substitution, or QSD without any."""

    def begins_with(self, path: str) -> bool:
        """The rule's author wrote this beginning of a file's name, or does not mind it."""
        return self.flags.unsafe_prefix or self.output.startswith(path)

    @property
    def asks_name(self) -> bool:
        """It looks at the client's name."""
        flags = self.flags
        texts = (self.output, *flags.env, *flags.cookies, *(c.subject for c in self.conditions))
        return any("%{remote_host}" in text.lower() for text in texts)

    def may_wait(self, waiting_maps: Container[str]) -> bool:
        """It looks ahead, or into one of the maps that do not answer at once."""
        flags = self.flags
        texts = (self.output, flags.content_type, flags.handler, *flags.env, *flags.cookies)
        return (
            any(condition.looks_ahead for condition in self.conditions)
            or any(looks_ahead(text) for text in texts)
            or any(
                name in waiting_maps
                for text in (*texts, *(condition.subject for condition in self.conditions))
                for name in map_names(text)
            )
        )


def parse_rule(directive: Directive, conditions: tuple[Condition, ...]) -> Rule:
    """The rule of a line with the conditions before it. Raises DirectiveError."""
    words = split(directive.raw)
    if len(words) < 2:
        raise DirectiveError(f"RewriteRule: bad argument line '{directive.raw}'")
    flags = parse_flags(directive, words[2]) if len(words) > 2 else Flags()
    text, output = words[:2]
    negated = text.startswith("!")
    text = text[negated:]
    try:
        pattern = compile_pattern(text, ignore_case=flags.no_case)
    except ValueError as error:
        raise DirectiveError(
            f"RewriteRule: cannot compile regular expression '{text}': {error}", argument=0
        ) from None
    drops = False
    if output.endswith("?") and not flags.query_append:
        output, drops = output[:-1], True
    elif flags.query_discard and "?" not in output:
        drops = True
    if flags.proxy:
        _check_origin(output)
    return Rule(
        pattern,
        text,
        negated,
        output,
        flags,
        conditions,
        directive.location,
        f"RewriteRule {directive.raw}".rstrip(),
        drops,
    )


def _check_origin(output: str) -> None:
    length = scheme_length(output)
    scheme = output[:length].partition(":")[0].lower()
    if scheme and scheme != "unix" and scheme not in SUPPORTED_SCHEMES:
        raise UnimplementedError(
            f"the scheme {scheme}: of an origin is not implemented", argument=1
        )


@dataclass(slots=True)
class Step:
    """A compiled rule: what it looks for, what it then does, and what comes after it."""

    pattern: Pattern
    pattern_text: str
    """The pattern as it is written."""
    search: Callable[[str], re.Match[str] | None]
    negated: bool
    act: Callable[[Run], int]
    """Called where the pattern matched: MISS where a condition does not hold."""
    guard: Callable[[Run], bool] | None
    """The conditions, where they may be asked before the pattern; then `act_guarded` is called.

    Most rules whose pattern matches anything are for few requests, and need not try it for the
    others."""
    act_guarded: Callable[[Run], int]
    conditions: tuple[Condition, ...]
    flags: Flags
    source: str
    location: Location


def compile_rule(rule: Rule, maps: MapLookup) -> Step:
    """Compile a rule. Raises DirectiveError for what is not implemented or not there."""
    conditions = _conditions(rule, maps)
    effects = _effects(rule, maps)

    def acting(conditions: Callable[[Run], bool] | None) -> Callable[[Run], int]:
        if rule.output == "-" or rule.flags.status:
            force = forced(rule.flags, maps)
            return _without_substitution(conditions, effects, force, rule.flags)
        return Substitution(rule, conditions, effects, maps)

    return Step(
        rule.pattern,
        rule.pattern_text,
        rule.pattern.search,
        rule.negated,
        acting(conditions),
        conditions if _may_ask_first(rule) else None,
        acting(None),
        rule.conditions,
        rule.flags,
        rule.source,
        rule.location,
    )


_MATCH_ANYTHING: Final = frozenset(
    ("", "^", "$", ".*", ".?", "(.*)", "^.*", "^(.*)", ".*$", "(.*)$", "^.*$", "^(.*)$")
)


def _may_ask_first(rule: Rule) -> bool:
    """Whether nobody could tell that the conditions were asked before the pattern."""
    if rule.negated or rule.flags.chain or rule.pattern_text not in _MATCH_ANYTHING:
        return False
    if any("$" in condition.subject + condition.written for condition in rule.conditions):
        return False
    # By RegexDefaultOptions a dot may match no line feed.
    return all(rule.pattern.search(text) for text in ("", "\n", "a\nb"))


def _conditions(rule: Rule, maps: MapLookup) -> Callable[[Run], bool] | None:
    """What must hold besides the pattern, None for nothing."""
    if not rule.conditions:
        return None
    if len(rule.conditions) == 1 and not rule.conditions[0].or_next:
        return _single(rule.conditions[0], maps)
    conditions = _all_of(rule.conditions, maps)

    def hold(run: Run) -> bool:
        if run.vary_this:
            run.vary_this.clear()
        varies: list[str] = []
        if not conditions(run, varies):
            return False
        run.vary += varies
        return True

    return hold


def _single(condition: Condition, maps: MapLookup) -> Callable[[Run], bool]:
    test, told = compile_condition(condition, maps), compile_told(condition, maps)
    varies = not condition.no_vary

    def hold(run: Run) -> bool:
        if run.vary_this:
            run.vary_this.clear()
        if not (test(run) if run.tell is None else told(run)):
            return False
        if varies and run.vary_this:
            run.vary += run.vary_this
        return True

    return hold


def _all_of(conditions: tuple[Condition, ...], maps: MapLookup) -> Callable[[Run, list[str]], bool]:
    """Conditions joined by AND, and by OR within the groups that [OR] makes."""
    groups: list[list[tuple[Test, Test, bool]]] = [[]]
    for condition in conditions:
        test, told = compile_condition(condition, maps), compile_told(condition, maps)
        groups[-1].append((test, told, condition.no_vary))
        if not condition.or_next:
            groups.append([])
    compiled = tuple(tuple(group) for group in groups if group)
    # With an OR that nothing follows the group holds in any case, as in Apache.
    open_end = compiled[-1] if conditions[-1].or_next else None

    def hold(run: Run, varies: list[str]) -> bool:
        for group in compiled:
            for test, told, no_vary in group:
                holds = test(run) if run.tell is None else told(run)
                if run.vary_this:
                    if holds and not no_vary:
                        varies += run.vary_this
                    run.vary_this.clear()
                if holds:
                    break
            else:
                return group is open_end
        return True

    return hold


def _effects(rule: Rule, maps: MapLookup) -> tuple[Callable[[Run], None], ...]:
    """What E and CO do."""
    return (
        *(_set_env(compile_template(text, maps)) for text in rule.flags.env),
        *(_set_cookie(compile_template(text, maps)) for text in rule.flags.cookies),
    )


def _set_env(template: Part) -> Callable[[Run], None]:
    def act(run: Run) -> None:
        text = template(run)
        if text.startswith("!"):
            run.exchange.env.pop(text[1:], None)
            if run.log is not None:
                run.log(5, f"unsetting env variable '{text[1:]}'")
            return
        name, _, value = text.partition(":")
        run.exchange.env[name] = value
        if run.log is not None:
            run.log(5, f"setting env variable '{name}' to '{value}'")

    return act


def _set_cookie(template: Part) -> Callable[[Run], None]:
    return lambda run: add_cookie(run.exchange, template(run))


def _without_substitution(
    conditions: Callable[[Run], bool] | None,
    effects: tuple[Callable[[Run], None], ...],
    force: Callable[[Run], None] | None,
    flags: Flags,
) -> Callable[[Run], int]:
    """A rule that changes no name (`-`), or whose answer is a status."""

    def apply(run: Run) -> int:
        if conditions is not None and not conditions(run):
            return MISS
        for effect in effects:
            effect(run)
        if force is not None:
            force(run)
        if flags.status and run.log is not None:
            run.log(2, f"forcing responsecode {flags.status} for {run.filename}")
        return MATCHED

    return apply
