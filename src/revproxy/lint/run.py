"""A configuration through all rules: what they find, less what the file says to ignore.

Laws:
- `# revproxy: ignore RP204 (reason)` on the line above takes the finding away; one that takes
  nothing away is told itself.
- Errors of reading and checking cannot be ignored: the file does not run with them.
- What --select and --ignore name are ids or their beginnings: RP2 is every mapping rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Final

from revproxy.config.codes import (
    BAD_VALUE,
    INERT,
    NAMES,
    NOT_THERE,
    UNIMPLEMENTED,
    UNKNOWN_DIRECTIVE,
    WRONG_ARGUMENTS,
)
from revproxy.errors import Diagnostic, Location, Severity
from revproxy.lint.rule import Finding, Rule, Subject
from revproxy.lint.rules import RULES
from revproxy.plan.load import Loaded
from revproxy.records import dataclass

UNUSED_IGNORE: Final = "RP534"
ALL_NAMES: Final = {
    **NAMES,
    **{rule.code: rule.name for rule in RULES},
    UNUSED_IGNORE: "unused-ignore",
}
"""The name of every id."""

_INSTEAD: Final = frozenset(rule.code for rule in RULES if rule.instead)
_GENERAL: Final = (BAD_VALUE, UNKNOWN_DIRECTIVE, INERT, WRONG_ARGUMENTS, UNIMPLEMENTED)

_COMMENT: Final = re.compile(r"\s*#\s*revproxy:\s*ignore\s+(?P<ids>RP\d+(?:[\s,]+RP\d+)*)")


@dataclass(slots=True)
class Ignore:
    """One comment: the ids it names, and the line it is about."""

    location: Location
    codes: frozenset[str]
    line: int
    used: set[str] = field(default_factory=set)


def lint(
    loaded: Loaded,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    httpd_version: tuple[int, ...] | None = None,
    strict: bool = False,
    template: bool = False,
) -> list[Diagnostic]:
    """All findings on a configuration, for a release of Apache where one is named.

    With `strict` it is for this machine: what it names must be there. With `template` it was read
    through a `template.Filling`.
    """
    unfilled = None
    if template:
        from revproxy.lint.template import Unfilled

        unfilled = Unfilled(loaded)
    found = [item for item in loaded.diagnostics if strict or item.code != NOT_THERE]
    if strict:
        from revproxy.lint.strict import not_there

        found += not_there(loaded)
    subject = Subject(loaded, httpd_version)
    for rule in RULES:
        found += (_diagnostic(rule, finding) for finding in rule.check(subject))
    if unfilled is not None:
        found = [item for item in found if unfilled.keeps(item)]
    ignores = [
        comment
        for name, lines in loaded.configuration.texts.items()
        for comment in _ignores(name, lines)
    ]
    kept = [item for item in found if not _is_ignored(item, ignores)]
    for comment in ignores:
        kept += _unused(comment)
    return _told_once([item for item in kept if _is_wanted(item, select, ignore)])


def _told_once(found: list[Diagnostic]) -> list[Diagnostic]:
    """Without what reading says of a line where a rule says it better."""
    better: dict[tuple[str, int], Severity] = {}
    for item in found:
        if item.code in _INSTEAD:
            better[_line(item)] = max(item.severity, better.get(_line(item), item.severity))
    return [
        item
        for item in found
        if item.code not in _GENERAL or item.severity > better.get(_line(item), -1)
    ]


def _line(item: Diagnostic) -> tuple[str, int]:
    return ("", 0) if item.location is None else (item.location.file, item.location.line)


def _diagnostic(rule: Rule, finding: Finding) -> Diagnostic:
    severity = rule.severity if finding.severity is None else finding.severity
    return Diagnostic(
        rule.code,
        severity,
        finding.location,
        finding.message,
        finding.hint,
        finding.related,
        finding.fix,
    )


def _is_fatal(item: Diagnostic) -> bool:
    """The file does not run with it, on any machine."""
    return item.severity is Severity.ERROR and item.code in NAMES and item.code != NOT_THERE


def _is_wanted(item: Diagnostic, select: Sequence[str], ignore: Sequence[str]) -> bool:
    if _is_fatal(item):
        return True
    if select and not item.code.startswith(tuple(select)):
        return False
    return not (ignore and item.code.startswith(tuple(ignore)))


def _ignores(name: str, lines: Sequence[str]) -> Iterable[Ignore]:
    for number, line in enumerate(lines, 1):
        match = _COMMENT.match(line)
        if match is None:
            continue
        about = number + 1
        while about <= len(lines) and lines[about - 1].lstrip()[:1] in ("", "#"):
            about += 1
        start = match.start("ids") + 1
        location = Location(name, number, start, match.end("ids") + 1, line)
        yield Ignore(location, frozenset(re.findall(r"RP\d+", match["ids"])), about)


def _is_ignored(item: Diagnostic, ignores: Iterable[Ignore]) -> bool:
    if item.location is None or _is_fatal(item):
        return False
    for comment in ignores:
        same = comment.location.file == item.location.file and comment.line == item.location.line
        if same and item.code in comment.codes:
            comment.used.add(item.code)
            return True
    return False


def _unused(comment: Ignore) -> Iterable[Diagnostic]:
    for code in sorted(comment.codes - comment.used):
        message = f"nothing to ignore: the next line has no {code}"
        yield Diagnostic(UNUSED_IGNORE, Severity.INFO, comment.location, message)
