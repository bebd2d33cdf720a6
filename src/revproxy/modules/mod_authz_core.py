"""mod_authz_core: who may have what, by `Require` and its containers.

Laws:
- Where nothing is required, all is granted.
- An inner section with any `Require` replaces the outer ones, unless AuthMerging joins them.
- Who is denied whoever it is gets 403 and is not asked for a password; what only a user could
  change leaves the question to `authn`, and a user who may not gets 401 again, or 403 by
  AuthzSendForbiddenOnFailure.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, Final

from revproxy.authz.alias import with_settings
from revproxy.authz.challenge import unauthorized
from revproxy.authz.providers import is_provider, make_provider, preparation
from revproxy.authz.tree import Answer, Group, Provider, Rule, can_only_deny, rules_of
from revproxy.config.expr import compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError, UnimplementedError
from revproxy.http.message import Exchange
from revproxy.module import (
    Alias,
    AsyncHook,
    Hook,
    Module,
    Parser,
    Scope,
    Server,
    Unset,
    choice,
    flag,
    setting,
    value_or,
)
from revproxy.records import dataclass


def _merge_requires(outer: Group, inner: Group) -> Group:
    """The inner rules are in force; `merged` of the settings knows about AuthMerging."""
    del outer
    return inner


@dataclass(frozen=True, slots=True)
class Settings:
    """`requires` is the RequireAny that the lines of one section form."""

    requires: Group | Unset = setting(_merge_requires)
    merging: str | Unset = setting()
    forbidden_on_failure: bool | Unset = setting()

    @classmethod
    def merged(cls, outer: Settings, inner: Settings) -> Settings:
        """`inner` over `outer`, as AuthMerging of the inner section says."""
        requires = outer.requires if isinstance(inner.requires, Unset) else inner.requires
        kind = value_or(inner.merging, "Off")
        if (
            kind != "Off"
            and not isinstance(outer.requires, Unset)
            and not isinstance(inner.requires, Unset)
        ):
            joined = "all" if kind == "And" else "any"
            requires = Group(joined, (outer.requires, inner.requires))
        forbidden = inner.forbidden_on_failure
        if isinstance(forbidden, Unset):
            forbidden = outer.forbidden_on_failure
        return cls(requires, inner.merging, forbidden)


def _rule(directive: Directive, scope: Scope) -> Rule:
    words = list(directive.values)
    negated = words[:1] == ["not"]
    if negated:
        words.pop(0)
    if not words:
        raise DirectiveError("Require needs a provider", hint="as in Require all granted")
    text = " ".join(directive.values)
    try:
        if ("authz", words[0]) in scope.aliases:
            provider, prepare = _of_alias(scope.aliases["authz", words[0]], scope)
        else:
            provider, prepare = _of_name(words[0], words[1:], directive.raw)
    except UnimplementedError as error:
        error.argument = 1 if negated else 0
        raise
    except ValueError as error:
        raise DirectiveError(str(error), argument=1 if negated else 0) from None
    methods, excepted = scope.methods, scope.methods_excepted
    return Rule(text, provider, negated, methods, excepted, prepare, directive.location)


def _of_name(word: str, words: Sequence[str], raw: str) -> tuple[Provider, AsyncHook | None]:
    """A provider, and what has to run before it is asked. Raises ValueError."""
    name = word.lower()
    provider = _expression(raw) if name == "expr" else make_provider(name, words)
    return provider, preparation(name, provider)


def _of_alias(alias: Alias, scope: Scope) -> tuple[Provider, AsyncHook | None]:
    """The same for an alias of a provider, or of another alias. Raises ValueError."""
    if ("authz", alias.base) in scope.aliases:
        provider, prepare = _of_alias(scope.aliases["authz", alias.base], scope)
    else:
        # The argument is what would stand behind the provider's name in a Require.
        words = [quoted or word for quoted, word in _WORDS(alias.arguments)]
        provider, prepare = _of_name(alias.base, words, f"{alias.base} {alias.arguments}")
    return with_settings(provider, alias.settings), prepare


_WORDS: Final = re.compile(r"\"([^\"]*)\"|(\S+)").findall


def _alias(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    """`<AuthzProviderAlias base name arguments>`: a provider with settings and arguments."""
    base, name, *arguments = directive.values
    if is_provider(name) or ("authz", name) in scope.aliases:
        raise DirectiveError(f"The provider '{name}' is there already", argument=1)
    if len(arguments) > 1:
        raise DirectiveError(
            "several arguments of an alias must be enclosed in quotation marks", argument=3
        )
    alias = Alias(base, "".join(arguments), scope.contents(directive))
    try:
        _of_alias(alias, scope)
    except ValueError as error:
        text = f"Can't parse 'Require {base} {alias.arguments}': {error}"
        raise DirectiveError(text, argument=0) from None
    scope.aliases["authz", name] = alias
    return settings


_BEFORE_EXPRESSION: Final = re.compile(r"\s*(?:\"?not\"?\s+)?\S+\s*", re.IGNORECASE)


def _expression(raw: str) -> Provider:
    """The condition of `Require expr`, which takes the line as it is written.

    Where it speaks of REMOTE_USER and does not hold, another user may still change that.
    """
    before = _BEFORE_EXPRESSION.match(raw)
    text = raw[before.end() :].rstrip() if before is not None else ""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    condition = compile_condition(text)
    if "remote_user" not in text.lower():
        return condition

    def provider(exchange: Exchange) -> bool | None:
        return condition(exchange) or None

    return provider


def _group(directive: Directive, scope: Scope) -> Group:
    kind = directive.key.removeprefix("require")
    if not directive.children:
        raise DirectiveError(f"<{directive.name}> directive contains no authorization directives")
    members = tuple(
        _member(child, scope, directive.name, is_any=kind != "all")
        for child in directive.children
        if not child.refused
    )
    group = Group(kind, members)
    if kind != "none" and can_only_deny(group):
        raise DirectiveError(
            f"<{directive.name}> directive contains only negative authorization directives"
        )
    return group


def _member(directive: Directive, scope: Scope, container: str, *, is_any: bool) -> Rule | Group:
    """What stands in a container. Raises DirectiveError with the place of what is wrong."""
    try:
        make = _rule if directive.key == "require" else _group
        member = make(directive, scope)
        if is_any:
            _refuse_negative(member, directive, container)
        return member
    except DirectiveError as error:
        if error.location is None:
            words = directive.args
            is_there = error.argument is not None and error.argument < len(words)
            error.location = words[error.argument or 0].location if is_there else directive.location
        raise


def _refuse_negative(member: Rule | Group, directive: Directive, container: str) -> None:
    """What can only deny says nothing where one is enough. Raises DirectiveError."""
    if isinstance(member, Rule) and member.negated:
        what = "negative Require"
    elif isinstance(member, Group) and member.kind == "none":
        what = f"<{directive.name}>"
    else:
        return
    raise DirectiveError(f"{what} directive has no effect in <{container}> directive")


def _add(make: Any) -> Parser:
    def parse(settings: Settings, directive: Directive, scope: Scope) -> Settings:
        member = make(directive, scope)
        _refuse_negative(member, directive, "RequireAny")
        known = settings.requires
        members = () if isinstance(known, Unset) else known.members
        return dataclasses.replace(settings, requires=Group("any", (*members, member)))

    return parse


def _authz(settings: Settings, _server: Server) -> Hook | None:
    if isinstance(settings.requires, Unset):
        return None
    tree = settings.requires
    if all(isinstance(item, Rule) and item.text == "all granted" for item in tree.members) and not (
        any(isinstance(item, Rule) and item.methods for item in tree.members)
    ):
        return None

    forbids = value_or(settings.forbidden_on_failure, False)

    def authorize(exchange: Exchange) -> bool | None:
        answer = tree.ask(exchange)
        if exchange.trace is not None:
            exchange.trace("mod_authz_core", f"authorization result: {answer.value}")
        if answer is Answer.GRANTED or answer is Answer.NEUTRAL:
            return None
        if exchange.challenge is None:
            if answer is Answer.NO_USER:
                return False
            raise HTTPError(403, "client denied by server configuration")
        detail = f'user {exchange.user}: authorization failure for "{exchange.path}"'
        if forbids and answer is not Answer.NO_USER:
            raise HTTPError(403, detail)
        raise unauthorized(exchange, detail)

    return authorize


def _names(settings: Settings, _server: Server) -> AsyncHook | None:
    if isinstance(settings.requires, Unset):
        return None
    wanted = {rule.prepare for rule in rules_of(settings.requires) if rule.prepare is not None}
    if not wanted:
        return None

    async def prepare(exchange: Exchange) -> None:
        for look_up in wanted:
            await look_up(exchange)

    return prepare


MODULE = Module(
    name="mod_authz_core",
    settings=Settings,
    directives={
        "require": _add(_rule),
        "requireall": _add(_group),
        "requireany": _add(_group),
        "requirenone": _add(_group),
        "authzprovideralias": _alias,
        "authmerging": choice("merging", "Off", "And", "Or"),
        "authzsendforbiddenonfailure": flag("forbidden_on_failure"),
    },
    hooks={"names": _names, "authz": _authz},
)
