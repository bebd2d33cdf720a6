"""Rules of a `<Directory>` see the path below the directory, without a slash at its head.

`RewriteRule ^/x` never matches there.

Write `^x`, or `^/?x` for a line that serves both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            section = rewrite.line.section
            if section is None or section.key != "directory" or rewrite.is_negated:
                continue
            pattern = rewrite.pattern
            is_fixed = pattern.startswith("^/") and pattern[2:3] not in ("?", "*", "{")
            if is_fixed and "|" not in pattern:
                yield Finding(
                    rewrite.line.word(0),
                    "never matches: what is looked at here begins without a slash",
                    f"write ^{pattern[2:]}",
                )


RULE: Final = Rule(
    "RP304",
    "leading-slash-context",
    Severity.ERROR,
    "^/ in a rule of a Directory",
    check,
)
