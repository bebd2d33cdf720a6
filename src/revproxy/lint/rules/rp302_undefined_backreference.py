"""A reference to a group that the pattern does not have is empty.

`RewriteRule ^/app http://b/$1 [P]` sends every request to `http://b/`: the path is lost.

Put parentheses into the pattern: `^/app/(.*)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.regexes import group_count
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_REFERENCE: Final = re.compile(r"(?<!\\)(?P<sign>[$%])(?P<number>[1-9])")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            for sign, number in _references(rewrite.target):
                if _is_missing(rewrite, sign, number):
                    what = "the pattern" if sign == "$" else "the last condition"
                    yield Finding(
                        rewrite.line.word(1),
                        f"{sign}{number} is empty: {what} has no such group",
                        "put parentheses around what is meant",
                    )
                    break
        for entry in passes(server):
            count = group_count(entry.path) if entry.is_regex else None
            for sign, number in _references(entry.target):
                if count is not None and sign == "$" and number > count:
                    yield Finding(
                        entry.line.word(entry.target_word),
                        f"${number} is empty: the pattern has no such group",
                        "put parentheses around what is meant",
                    )
                    break


def _references(text: str) -> list[tuple[str, int]]:
    return [(match["sign"], int(match["number"])) for match in _REFERENCE.finditer(text)]


def _is_missing(rewrite: Rewrite, sign: str, number: int) -> bool:
    if sign == "$":
        count = group_count(rewrite.pattern)
        return count is not None and (number > count or rewrite.is_negated)
    if "ne" in rewrite.flags and "=%" in rewrite.target:
        return False  # An escaped character, as in %20.
    if re.search(r"%[0-9A-Fa-f]{2}", rewrite.target):
        return False
    counts = [
        0
        if item.is_negated or item.pattern.startswith(("-", "=", "<", ">"))
        else group_count(item.pattern)
        for item in rewrite.conditions
    ]
    return not any(count is None or count >= number for count in counts)


RULE: Final = Rule(
    "RP302",
    "undefined-backreference",
    Severity.ERROR,
    "$1 or %1 where no group of that number is",
    check,
)
