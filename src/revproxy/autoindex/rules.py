"""Which icon, text and description an entry gets, and which entries are left out.

Laws:
- Rules are tried in order and the first that matches counts; those of an inner section come first.
- A rule is for what lies below the section it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from revproxy.records import dataclass

DIRECTORY: Final = "^^DIRECTORY^^"
BLANK: Final = "^^BLANKICON^^"


@dataclass(frozen=True, slots=True)
class Rule:
    """A value for entries that match: by "path", "type" or "encoding"."""

    kind: str
    within: Callable[[str], object]
    """Matches the paths that the rule is for."""
    wanted: str
    matches: Callable[[str], object]
    value: str


@dataclass(frozen=True, slots=True)
class Description:
    """AddDescription: of a file by its name, or by its path where a slash stands in the pattern."""

    of_path: bool
    matches: Callable[[str], object]
    text: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """IndexIgnore, and whether IndexIgnoreReset forgets the outer ones."""

    rules: tuple[Rule, ...] = ()
    resets: bool = False


def wildcard(pattern: str, *, ignore_case: bool = False) -> Callable[[str], object]:
    """`ap_strcmp_match`: `*` and `?` match slashes too."""
    parts = (
        {"*": ".*", "?": "."}.get(char) or re.escape(char) for char in re.sub(r"\*+", "*", pattern)
    )
    return re.compile("".join(parts), re.DOTALL | (re.I if ignore_case else 0)).fullmatch


def make_rule(kind: str, wanted: str, value: str, path: str) -> Rule:
    """A rule that stands in the section of `path`, "" outside of any."""
    within = wildcard(f"{path.rstrip('/')}/*" if path else "*")
    if kind == "path":
        wanted = DIRECTORY if wanted == "**DIRECTORY**" else wanted
        if not set("*?") & set(wanted):
            wanted = f"*{wanted}"
    return Rule(kind, within, wanted, wildcard(wanted, ignore_case=kind != "path"), value)


def make_ignored(word: str, path: str) -> Rule:
    """A name that IndexIgnore leaves out in the section of `path`."""
    name = word.rpartition("/")[2]
    return Rule("path", make_rule("path", "", "", path).within, word, wildcard(name), "")


def make_description(word: str, text: str) -> Description:
    """An AddDescription for one pattern."""
    of_path = "/" in word
    if of_path or set("*?[") & set(word):
        return Description(of_path, wildcard(f"{'*/' if of_path else '*'}{word}*"), text)
    return Description(of_path, _contains(word), text)


def _contains(word: str) -> Callable[[str], object]:
    return lambda name: word in name


def special(rules: tuple[Rule, ...], name: str) -> str | None:
    """The value for a name that stands for a kind of entry (`DIRECTORY`, `BLANK`)."""
    return next((rule.value for rule in rules if rule.matches(name)), None)


def of_path(rules: tuple[Rule, ...], path: str) -> str | None:
    """The value for a directory by its path."""
    for rule in rules:
        if rule.kind == "path" and rule.within(path) and rule.matches(path):
            return rule.value
    return None


def of_file(rules: tuple[Rule, ...], path: str, kind: str, coding: str) -> str | None:
    """The value for a file by its path, media type or content coding; a coded file has no type."""
    subjects = {"path": path, "type": "" if coding else kind, "encoding": coding}
    for rule in rules:
        subject = subjects[rule.kind]
        if subject and rule.within(path) and rule.matches(subject):
            return rule.value
    return None


def is_ignored(rules: tuple[Rule, ...], path: str) -> bool:
    """Whether IndexIgnore leaves an entry out."""
    name = path.rpartition("/")[2]
    return any(rule.within(path) and rule.matches(name) for rule in rules)


def description(rules: tuple[Description, ...], path: str) -> str | None:
    """What AddDescription says of an entry."""
    name = path.rpartition("/")[2]
    for rule in rules:
        if rule.matches(path if rule.of_path else name):
            return rule.text
    return None
