"""A pattern without `^` is looked for anywhere: a slash is in every path.

`RewriteRule / ws://b/ [P]` takes every request, and drops its path.

Write `^/$`, or `^/(.*)`.
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
            mere = rewrite.pattern in ("/", "^/") and "$" not in rewrite.target
            whole = "%{" in rewrite.target or rewrite.conditions
            if rewrite.is_proxy and rewrite.in_server and mere and not whole:
                yield Finding(
                    rewrite.line.word(0),
                    f"{rewrite.pattern} is found in every path, and all go to one URL",
                    "write ^/$, or ^/(.*) and $1",
                )


RULE: Final = Rule(
    "RP303",
    "unanchored-proxy-rule",
    Severity.WARNING,
    "a [P] without condition whose pattern is a mere slash",
    check,
)
