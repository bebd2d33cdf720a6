"""ProxyHTMLURLMap's rules, and what they make of a link, an event or a script.

Laws:
- Text is Latin-1 `str`, one character an octet of the page, which is UTF-8.
- A link is compared from its beginning, case ignored, and the first rule that matches is the last,
  but for a regex with flag `l`. In events, scripts and styles every rule replaces all it finds.
- Conditions and variables are looked at with `ProxyHTMLInterp On` alone (`fixup_rules`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final, TypeAlias

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.pattern import Pattern, compile_pattern, substitute
from revproxy.records import dataclass

Condition = Callable[[Exchange], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One URLMap. `pattern` is None for a plain text; flags by their letters."""

    source: str
    to: str
    flags: frozenset[str] = frozenset()
    pattern: Pattern | None = None
    condition: Condition | None = None
    location: Location | None = field(default=None, compare=False)

    @property
    def for_links(self) -> bool:
        return "h" not in self.flags

    @property
    def for_events(self) -> bool:
        return "e" not in self.flags

    @property
    def for_scripts(self) -> bool:
        return "c" not in self.flags


Rules = tuple[Rule, ...]
Tell: TypeAlias = Callable[[Rule, str, str], None]
"""Takes a rule that matched, on what, and what it made of it."""

LETTERS: Final = frozenset("hHeEcC^$RlLxiInsVv")


def make_rule(
    source: str,
    to: str,
    flags: str,
    condition: Condition | None,
    location: Location | None = None,
) -> Rule:
    """Raises ValueError for a regex that is none."""
    letters = frozenset(flags)
    pattern = None
    if "R" in letters and "v" not in letters:
        pattern = compile_pattern(source, ignore_case="i" in letters)
    return Rule(source, to, letters, pattern, condition, location)


_VARIABLE: Final = re.compile(r"\$\{([^}|]*)(?:\|([^}]*))?\}")


def _interpolated(text: str, env: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: env.get(found[1], found[2] or ""), text)


def rules_for(rules: Rules, exchange: Exchange) -> Rules:
    """The rules whose conditions hold for a request, with its variables put in."""
    found = []
    for rule in rules:
        if rule.condition is not None and not rule.condition(exchange):
            continue
        if "v" in rule.flags:
            source = _interpolated(rule.source, exchange.env)
            if not source:
                continue
            made = make_rule(source, rule.to, "".join(rule.flags - {"v"}), None, rule.location)
            rule = dataclasses.replace(made, flags=rule.flags)
        if "V" in rule.flags:
            rule = dataclasses.replace(rule, to=_interpolated(rule.to, exchange.env))
        found.append(rule)
    return tuple(found)


def map_link(rules: Iterable[Rule], text: str, tell: Tell | None = None) -> str:
    """What the rules make of a link."""
    for rule in rules:
        if not rule.for_links:
            continue
        if rule.pattern is None:
            size = len(rule.source)
            if text[:size].lower() == rule.source.lower():
                changed = rule.to + text[size:]
                if tell is not None:
                    tell(rule, text, changed)
                return changed
            continue
        match = rule.pattern.search(text)
        if match is not None:
            before = text
            text = text[: match.start()] + substitute(rule.to, match) + text[match.end() :]
            if tell is not None:
                tell(rule, before, text)
            if "l" not in rule.flags:
                return text
    return text


def map_event(rules: Iterable[Rule], text: str, tell: Tell | None = None) -> str:
    """What the rules make of an attribute that holds a script."""
    for rule in rules:
        if rule.for_events:
            changed = _told_replace(rule, text, tell)
            if changed is not None:
                text = changed
                if "L" in rule.flags:
                    break
    return text


def map_script(rules: Iterable[Rule], text: str, tell: Tell | None = None) -> str:
    """What the rules make of a script or a style sheet."""
    for rule in rules:
        if rule.for_scripts:
            changed = _told_replace(rule, text, tell)
            text = text if changed is None else changed
    return text


def _told_replace(rule: Rule, text: str, tell: Tell | None) -> str | None:
    changed = _replace(rule, text)
    if changed is not None and tell is not None:
        tell(rule, text, changed)
    return changed


def _replace(rule: Rule, text: str) -> str | None:
    """All that a rule finds replaced, None where it finds nothing."""
    if rule.pattern is not None:
        changed, count = rule.pattern.subn(lambda match: substitute(rule.to, match), text)
        return changed if count else None
    source, to = rule.source, rule.to
    if not source:
        return None
    if "^" in rule.flags:
        if not text.startswith(source) or ("$" in rule.flags and text != source):
            return None
        return to + text[len(source) :]
    if "$" in rule.flags:
        return text[: -len(source)] + to if text.endswith(source) else None
    return text.replace(source, to) if source in text else None
