"""mod_setenvif: variables that depend on the request (SetEnvIf, SetEnvIfExpr, BrowserMatch).

Laws:
- Server-level lines run right after the head was read, on the path as it was sent; those of
  sections run before access is checked, on the decoded path.
- A missing field counts as the empty string; what matched is $0 to $9 in the values.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Final, TypeAlias

from revproxy.authz.names import look_up_early
from revproxy.config.expr import Condition, compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, Location
from revproxy.http.message import Exchange
from revproxy.module import (
    Hook,
    Module,
    Parser,
    Scope,
    ScopeKind,
    Server,
    Unset,
    append,
    setting,
    value_or,
)
from revproxy.pattern import Pattern, compile_pattern, substitute
from revproxy.records import dataclass

_PLAIN_NAME: Final = re.compile(r"[-A-Za-z0-9_]+").fullmatch
_PLAIN_TEXT: Final = re.compile(r"(?:[^^.$|()\[\]*+?{}\\]|\\[.$|()\[\]*+?{}\\^])*").fullmatch
_SPECIAL: Final[dict[str, Callable[[Exchange], str]]] = {
    "remote_host": lambda exchange: exchange.remote_host or exchange.client_address,
    "remote_addr": lambda exchange: exchange.client_address,
    "server_addr": lambda exchange: exchange.connection.local_address,
    "request_method": lambda exchange: exchange.method,
    "request_protocol": lambda exchange: exchange.protocol,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what to look at, what must match, what to set (None unsets)."""

    attribute: str
    name_pattern: Pattern | None
    """The attribute as a regex over field names."""
    pattern: Pattern
    changes: tuple[tuple[str, str | None], ...]
    location: Location | None = field(default=None, compare=False)
    is_plain: bool = False
    """The pattern is mere text, and so are the values: `$0` stays as written."""


@dataclass(frozen=True, slots=True)
class ExpressionRule:
    """A SetEnvIfExpr: what must hold, what to set (None unsets)."""

    condition: Condition
    changes: tuple[tuple[str, str | None], ...]
    location: Location | None = field(default=None, compare=False)


AnyRule: TypeAlias = Rule | ExpressionRule


@dataclass(frozen=True, slots=True)
class Settings:
    """The lines of servers and those of sections, which run at different times."""

    server: tuple[AnyRule, ...] | Unset = setting(append)
    section: tuple[AnyRule, ...] | Unset = setting(append)


def _parse(*, ignore_case: bool, attribute: str = "") -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        words = list(directive.values)
        first = 0 if attribute else 1
        if len(words) < first + 2:
            raise DirectiveError(f"Missing envariable expression for {directive.name}")
        rule = _rule(attribute or words[0], words[first:], first, ignore_case=ignore_case)
        return _with(settings, dataclasses.replace(rule, location=directive.location), scope)

    return parse


def _parse_expression(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    words = directive.values
    if len(words) < 2:
        raise DirectiveError("Missing envariable expression for SetEnvIfExpr")
    try:
        condition = compile_condition(words[0])
    except ValueError as error:
        raise DirectiveError(str(error), argument=0) from None
    rule = ExpressionRule(condition, _changes(words[1:]), directive.location)
    return _with(settings, rule, scope)


def _with(settings: Settings, rule: AnyRule, scope: Scope) -> Settings:
    name = "server" if scope.kind is ScopeKind.SERVER else "section"
    changes = {name: (*value_or(getattr(settings, name), ()), rule)}
    return dataclasses.replace(settings, **changes)


def _rule(attribute: str, words: list[str], first: int, *, ignore_case: bool) -> Rule:
    try:
        pattern = compile_pattern(words[0], ignore_case=ignore_case)
        names = None if _PLAIN_NAME(attribute) else compile_pattern(attribute, ignore_case=True)
    except ValueError as error:
        raise DirectiveError(str(error), argument=first) from None
    is_plain = _PLAIN_TEXT(words[0]) is not None
    return Rule(attribute, names, pattern, _changes(words[1:]), is_plain=is_plain)


def _changes(words: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    changes: list[tuple[str, str | None]] = []
    for word in words:
        if word.startswith("!"):
            changes.append((word[1:], None))
        else:
            name, equals, value = word.partition("=")
            changes.append((name, value if equals else "1"))
    return tuple(changes)


def _value(rule: Rule, exchange: Exchange, path: str) -> str:
    name = rule.attribute.lower()
    if name == "request_uri":
        return path
    special = _SPECIAL.get(name)
    if special is not None:
        return special(exchange)
    if rule.name_pattern is not None:
        # The last field whose name matches counts.
        found = ""
        for item in exchange.fields:
            if rule.name_pattern.search(item[2].split(b":", 1)[0].decode("latin-1")):
                found = item[1]
        return found
    value = exchange.fields.get(name)
    return exchange.env.get(rule.attribute, "") if value is None else value


def _apply(rules: tuple[AnyRule, ...], exchange: Exchange, path: str) -> None:
    # A rule without a regex of its own has the groups of the last one that was tried.
    last: re.Match[str] | None = None
    has_tried = False
    for rule in rules:
        if isinstance(rule, ExpressionRule):
            holds, evaluation = rule.condition.matched(exchange)
            if evaluation.has_tried:
                last, has_tried = evaluation.match, True
        else:
            match = rule.pattern.search(_value(rule, exchange, path))
            holds = match is not None
            if holds and not rule.is_plain:
                last, has_tried = match, True
        if exchange.trace is not None:
            _tell(exchange, rule, holds)
        if holds:
            plain = isinstance(rule, Rule) and rule.is_plain
            _change(rule.changes, exchange, last, as_written=plain or (has_tried and last is None))


def _tell(exchange: Exchange, rule: AnyRule, holds: bool) -> None:
    assert exchange.trace is not None
    names = ", ".join(name if value is not None else f"!{name}" for name, value in rule.changes)
    outcome = f"sets {names}" if holds else f"does not match: {names} stays as it is"
    exchange.trace("mod_setenvif", outcome, rule.location, acted=holds)


_NO_GROUPS: Final = next(re.finditer("", ""))


def _change(
    changes: tuple[tuple[str, str | None], ...],
    exchange: Exchange,
    match: re.Match[str] | None,
    *,
    as_written: bool,
) -> None:
    for name, value in changes:
        if value is None:
            exchange.env.pop(name, None)
        elif "$" not in value or as_written:
            exchange.env[name] = value
        else:
            # Where no regex was met, Apache takes what lies in its memory.
            exchange.env[name] = substitute(value, match or _NO_GROUPS)


def _post_read(settings: Settings, _server: Server) -> Hook | None:
    rules = value_or(settings.server, ())
    apply = _applying(rules)
    if apply is None or not any(_asks_name(rule) for rule in rules):
        return apply

    async def named(exchange: Exchange) -> None:
        await look_up_early(exchange)
        apply(exchange)

    return named


def _asks_name(rule: AnyRule) -> bool:
    return isinstance(rule, Rule) and rule.attribute.lower() == "remote_host"


def _applying(rules: tuple[AnyRule, ...]) -> Hook | None:
    if not rules:
        return None
    if not any(isinstance(rule, ExpressionRule) for rule in rules):
        return lambda exchange: _apply(rules, exchange, exchange.raw_path)

    def apply(exchange: Exchange) -> None:
        # What expressions call REQUEST_URI has not been decoded yet, at this point of Apache's way.
        decoded, exchange.path = exchange.path, exchange.raw_path
        try:
            _apply(rules, exchange, exchange.raw_path)
        finally:
            exchange.path = decoded

    return apply


def _access(settings: Settings, _server: Server) -> Hook | None:
    rules = value_or(settings.section, ())
    if not rules:
        return None

    def apply(exchange: Exchange) -> None:
        # A sub-request has the environment of the request it is made for, and no more.
        if exchange.main is None:
            _apply(rules, exchange, exchange.path)

    return apply


MODULE = Module(
    name="mod_setenvif",
    settings=Settings,
    directives={
        "setenvif": _parse(ignore_case=False),
        "setenvifnocase": _parse(ignore_case=True),
        "setenvifexpr": _parse_expression,
        "browsermatch": _parse(ignore_case=False, attribute="User-Agent"),
        "browsermatchnocase": _parse(ignore_case=True, attribute="User-Agent"),
    },
    hooks={"post_read": _post_read, "access": _access},
)
