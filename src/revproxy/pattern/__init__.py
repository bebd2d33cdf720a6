"""Regular expressions of the configuration, as Apache's PCRE has them.

Laws:
- Subjects and patterns are Latin-1 `str`: one character an octet, classes and case are ASCII's.
- Unanchored, case-sensitive; `.` matches a line feed too and `$` matches at the very end alone, as
  RegexDefaultOptions has it by default.
- Python's `re` where it means the same there, the package `regex` elsewhere; what neither can hold
  is an error at load, never a silent difference.
- Matching ends: what may take long is given a time (`limited`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, TypeAlias, cast

from revproxy.pattern.limited import Limited, longest_of
from revproxy.pattern.translate import translate
from revproxy.records import dataclass

Pattern: TypeAlias = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a pattern is without flags of its own (RegexDefaultOptions)."""

    ignore_case: bool = False
    dot_all: bool = True
    dollar_end: bool = True
    """`$` matches at the very end alone, not before a line feed there."""


class _InForce:
    """The defaults as they stand while a configuration is read."""

    defaults = Defaults()


_OPTIONS: Final = {"ICASE": "ignore_case", "DOTALL": "dot_all", "DOLLAR_ENDONLY": "dollar_end"}
_NONE: Final = Defaults(ignore_case=False, dot_all=False, dollar_end=False)


def reset_defaults() -> None:
    """Begin with a new configuration."""
    _InForce.defaults = Defaults()


def change_defaults(words: Iterable[str]) -> None:
    """Let all patterns from here on be compiled with these options. Raises ValueError.

    A word with a sign changes what was in force, one without is the only one.
    """
    found = _InForce.defaults
    for word in words:
        name = _OPTIONS.get(word.removeprefix("+").removeprefix("-").upper())
        if name is None and word.lower() != "none":
            raise ValueError(f"option '{word}' unknown")
        if name is None or word[0] not in "+-":
            found = _NONE
        if name is not None:
            changes = {name: word[0] != "-"}
            found = replace(found, **changes)
    _InForce.defaults = found


def compile_pattern(text: str, *, ignore_case: bool = False, is_line: bool = False) -> Pattern:
    """The pattern as a compiled regex. Raises ValueError with the reason where it is not one.

    `is_line` is for what is tried on single lines: of the defaults just that of `$` counts.
    """
    now = _InForce.defaults
    return _compiled(
        text,
        ignore_case or (now.ignore_case and not is_line),
        now.dot_all and not is_line,
        now.dollar_end,
    )


@functools.lru_cache(1024)
def _compiled(text: str, ignore_case: bool, dot_all: bool, dollar_end: bool) -> Pattern:
    flags = re.ASCII | (re.DOTALL if dot_all else 0) | (re.IGNORECASE if ignore_case else 0)
    try:
        found = translate(text, ignore_case=ignore_case, dot_all=dot_all, dollar_end=dollar_end)
        longest = longest_of(found)
        compiled = None if found.needs_more else _by_re(found.text, flags)
        if compiled is None:
            return cast("Pattern", Limited(text, found.text, flags, None, longest=-1))
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise ValueError(f"Regular expression could not be compiled: {error}") from None
    if longest is None:
        return compiled
    return cast("Pattern", Limited(text, found.text, flags, compiled, longest=longest))


def _by_re(text: str, flags: int) -> Pattern | None:
    """The pattern as `re` holds it; None where it cannot."""
    try:
        return re.compile(text, flags)
    except re.error:
        return None


Search: TypeAlias = Callable[[str], "re.Match[str] | None"]

REMEMBERED: Final = 256
REMEMBERED_LENGTH: Final = 512
"""Octets of the longest subject that is remembered: what a pattern keeps stays under 128 KiB."""


@functools.lru_cache(1024)
def remembering(pattern: Pattern) -> Search:
    """The pattern's `search` for subjects that come again, as clients' fields do.

    Python tries each branch at each octet where case is ignored: 13 µs for four names of robots
    in a browser's User-Agent, 0.1 µs to remember the outcome.
    """
    search = pattern.search
    known: dict[str, re.Match[str] | None] = {}

    def look_up(subject: str) -> re.Match[str] | None:
        try:
            return known[subject]
        except KeyError:
            match = search(subject)
        if len(subject) <= REMEMBERED_LENGTH:
            if len(known) >= REMEMBERED:
                known.clear()
            known[subject] = match
        return match

    return look_up


_SUBSTITUTED: Final = re.compile(r"\\(.)|\$([0-9])")


def substitute(template: str, match: re.Match[str]) -> str:
    """`$0` to `$9` replaced by what matched (`ap_pregsub`); what follows a `\\` stays."""

    def group(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        number = int(found[2])
        if number > match.re.groups:
            return ""
        return match[number] or ""

    return _SUBSTITUTED.sub(group, template)


def longest_subject(pattern: Pattern) -> float:
    """The longest subject that a pattern may be tried on without a limit of time."""
    longest: Any = getattr(pattern, "longest", None)
    return float("inf") if longest is None else longest
