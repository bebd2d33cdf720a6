"""These flags end the list of rules by themselves.

`[P,L]` is `[P]`, and so are `[F,L]` and `[G,L]`.

Leave `L` out.
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
            for name in ("p", "f", "g"):
                if name in rewrite.flags and "l" in rewrite.flags:
                    yield Finding(rewrite.line.word(2), f"{name.upper()} implies L", "leave L out")
                    break


RULE: Final = Rule(
    "RP308",
    "redundant-flag",
    Severity.INFO,
    "L next to P, F or G",
    check,
)
