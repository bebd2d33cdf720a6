"""The time that the pattern takes can double with each letter of the path.

In `(a+)+$` and `([a-z]*)*` there are countless ways to cut the same text, and a path that does not
match makes the server try them all.

Take one of the repetitions away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Location, Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_NESTED: Final = re.compile(
    r"\((?:\?:)?(?:\.|\\[wWdDsS]|\[[^\]]+\]|[A-Za-z0-9])[*+]\)(?:[*+]|\{[0-9]+,\})(?!\Z)"
)


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            yield from _findings(rewrite.pattern, rewrite.line.word(0))
            for item in rewrite.conditions:
                yield from _findings(item.pattern, item.line.word(1))
        for entry in passes(server):
            if entry.is_regex and entry.path_word is not None:
                yield from _findings(entry.path, entry.line.word(0))


def _findings(pattern: str, location: Location) -> Iterator[Finding]:
    match = _NESTED.search(pattern)
    if match is not None:
        yield Finding(
            location,
            f"{match[0]} repeats a repetition: a long path may take for ever",
            "take one of the two away",
        )


RULE: Final = Rule(
    "RP312",
    "runaway-pattern",
    Severity.WARNING,
    "a repetition within a repetition",
    check,
)
