"""RewriteRule: a pattern, its conditions and what comes of a match, compiled to one closure.

Laws:
- The pattern is tried first, then the conditions, then everything that the flags ask for.
- A step says whether it matched, and whether it changed the name; what comes next is the list's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, Location, UnimplementedError
from revproxy.pattern import Pattern, compile_pattern
from revproxy.proxy.settings import SUPPORTED_SCHEMES
from revproxy.rewrite.arguments import Flags, parse_flags, split
from revproxy.rewrite.conditions import Condition, Test, compile_condition, compile_told
from revproxy.rewrite.cookies import add_cookie
from revproxy.rewrite.escape import BackreferenceEscape, scheme_length, takes_query
from revproxy.rewrite.expand import MapLookup, compile_template, map_names
from revproxy.rewrite.run import Part, Run
from revproxy.rewrite.variables import looks_ahead

MISS: Final = 0
CHANGED: Final = 1
MATCHED: Final = 2
"""It matched and changed nothing (`-`)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One RewriteRule as it was read."""

    pattern: Pattern
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

    def may_wait(self, waiting_maps: Container[str]) -> bool:
        """It looks ahead, or into one of the maps that do not answer at once."""
        texts = (self.output, *self.flags.env, *self.flags.cookies)
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
    search: Callable[[str], re.Match[str] | None]
    negated: bool
    act: Callable[[Run], int]
    """Called where the pattern matched: MISS where a condition does not hold."""
    flags: Flags
    source: str
    location: Location


def compile_rule(rule: Rule, maps: MapLookup) -> Step:
    """Compile a rule. Raises DirectiveError for what is not implemented or not there."""
    conditions = _conditions(rule, maps)
    effects = _effects(rule, maps)
    act: Callable[[Run], int] = (
        _without_substitution(conditions, effects, rule.flags)
        if rule.output == "-"
        else _Substitution(rule, conditions, effects, maps)
    )
    search = rule.pattern.search
    return Step(rule.pattern, search, rule.negated, act, rule.flags, rule.source, rule.location)


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
            return
        name, _, value = text.partition(":")
        run.exchange.env[name] = value

    return act


def _set_cookie(template: Part) -> Callable[[Run], None]:
    return lambda run: add_cookie(run.exchange, template(run))


def _without_substitution(
    conditions: Callable[[Run], bool] | None,
    effects: tuple[Callable[[Run], None], ...],
    flags: Flags,
) -> Callable[[Run], int]:
    def apply(run: Run) -> int:
        if conditions is not None and not conditions(run):
            return MISS
        for effect in effects:
            effect(run)
        if flags.content_type:
            run.forced_type = flags.content_type
        return MATCHED

    return apply


def _mark(text: str) -> str:
    """Takes the question marks out of what is put in, to tell them from the rule's own."""
    return text.replace("?", "\0")


class _Substitution:
    """A rule that changes the name."""

    def __init__(
        self,
        rule: Rule,
        conditions: Callable[[Run], bool] | None,
        effects: tuple[Callable[[Run], None], ...],
        maps: MapLookup,
    ) -> None:
        flags = rule.flags
        escape = None
        if flags.escape:
            escape = BackreferenceEscape(
                flags.escape_only,
                flags.escape_but,
                controls=flags.escape_controls,
                plus=not flags.no_plus,
            )
        self._rule = rule
        self._flags = flags
        self._conditions = conditions
        self._effects = effects
        self._output = compile_template(rule.output, maps, escape)
        self._keeps_slashes = flags.unsafe_slashes or rule.output.startswith("//")
        self._marked = compile_template(rule.output, maps, escape, _mark)

    def __call__(self, run: Run) -> int:
        if self._conditions is not None and not self._conditions(run):
            return MISS
        flags = self._flags
        result = self._output(run)
        for effect in self._effects:
            effect(run)
        if flags.status:
            return CHANGED
        self._refuse_3f(run, result)
        run.filename = result
        run.last = self._rule
        if flags.discard_path_info:
            run.path_info = ""
        if run.tell is not None:
            run.tell(2, f"rewrite -> '{result}'")
        self._split_query(run)
        self._place(run)
        if flags.content_type:
            run.forced_type = flags.content_type
        return CHANGED

    def _refuse_3f(self, run: Run, result: str) -> None:
        """A `?` that the client smuggled in encoded must not begin a query. Raises HTTPError."""
        if (
            not self._flags.unsafe_3f
            and "?" in result
            and "%3f" in run.exchange.raw_path.lower()
            and self._split_at(result) != self._split_at(self._marked(run))
        ):
            raise HTTPError(403, "Unsafe URL with %3f URL rewritten without UnsafeAllow3F")

    def _split_at(self, name: str) -> int:
        """Where the query begins, -1 for nowhere."""
        return name.rfind("?") if self._flags.query_last else name.find("?")

    def _split_query(self, run: Run) -> None:
        if self._rule.drops_query:
            run.args = None
            return
        flags = self._flags
        name = run.filename
        if not takes_query(name):
            run.args = None
            return
        if flags.query_discard:
            run.args = None
        position = self._split_at(name)
        if position < 0:
            return
        run.filename, query = name[:position], name[position + 1 :]
        if flags.query_append:
            if query:
                run.args = f"{query}&{run.args or ''}"
        else:
            run.args = query
        if run.args is not None:
            run.args = run.args.removesuffix("&") if run.args else None

    def _place(self, run: Run) -> None:
        """Make the result what it stands for: an origin, a URL or a path of ours."""
        flags = self._flags
        name = run.filename
        is_relative = run.prefix != "" and name[:1] != "/" and not scheme_length(name)
        if is_relative and run.prefix:
            name = run.prefix + name
        elif is_relative and not flags.proxy and not flags.redirect:
            name = f"/{name}"
        if flags.proxy:
            run.filename = f"proxy:{self._qualified(run, name)}"
            return
        if flags.redirect:
            run.filename = self._qualified(run, name)
            run.status = flags.redirect
            return
        if scheme_length(name):
            name = self._reduced(run, name)
        if scheme_length(name):
            run.status = 302
        elif name.startswith("//") and not self._keeps_slashes and not is_relative:
            name = "/" + name.lstrip("/")
        run.filename = name

    def _qualified(self, run: Run, name: str) -> str:
        if scheme_length(name):
            return name
        path = name if name.startswith("/") else f"/{name}"
        return run.server.self_url(run.exchange, path)

    def _reduced(self, run: Run, name: str) -> str:
        """An absolute URL of this very server, cut to its path."""
        scheme, mark, rest = name.partition("://")
        if not mark or scheme.lower() != run.server.self_scheme(run.exchange):
            return name
        authority, slash, path = rest.partition("/")
        host, colon, port = authority.partition(":")
        number = int(port) if port.isascii() and port.isdigit() else 0
        if not colon:
            number = {"http": 80, "https": 443}[scheme.lower()]
        if not run.server.is_named(host.lower(), number):
            return name
        run.reduced = True
        return f"/{path}" if slash else "/"
