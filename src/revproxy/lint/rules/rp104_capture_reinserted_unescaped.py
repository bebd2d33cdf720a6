"""What a client writes into the path comes out, decoded, in the query that the origin reads.

`RewriteRule ^/c/(.*) http://b/c.php?id=$1 [P]` makes of `/c/1%26admin=1` one parameter more. Up to
Apache 2.4.55 it could split the request (CVE-2023-25690); since then a blank there is answered
with 403.

Add the flag `B`, or let the group match what is meant alone: `([0-9]+)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.regexes import groups
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_REFERENCE: Final = re.compile(r"\$([1-9])")
_ESCAPES: Final = ("b", "bctls", "bne", "bnp")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            if rewrite.is_proxy and is_unescaped(rewrite):
                splits = subject.is_before(2, 4, 56)
                yield Finding(
                    rewrite.line.word(1),
                    "the client may add to the query what it likes"
                    + (", and split the request (CVE-2023-25690)" if splits else ""),
                    "add the flag B, or match only what is meant",
                    severity=Severity.ERROR if splits else None,
                )


def is_unescaped(rewrite: Rewrite) -> bool:
    """Whether a group that can hold & stands in the query, and no flag escapes it."""
    if any(name in rewrite.flags for name in _ESCAPES):
        return False
    query = rewrite.target.partition("?")[2]
    found = groups(rewrite.pattern)
    return any(
        found[number - 1].can_be("1&x=1", "/1&x=1")
        for number in map(int, _REFERENCE.findall(query))
        if number <= len(found)
    )


RULE: Final = Rule(
    "RP104",
    "capture-reinserted-unescaped",
    Severity.WARNING,
    "a group that can be anything in the query of an origin's URL",
    check,
)
