"""What a rule of the server has rewritten is a file's name: no ProxyPass looks at it.

`RewriteRule ^/old/(.*) /app/$1 [L]` before `ProxyPass /app http://b/` ends in 404.

Add the flag `PT`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, covers, passes
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_ELSEWHERE: Final = ("pt", "p", "r", "f", "g", "c", "n", "s", "h")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = [entry for entry in passes(server) if not entry.is_regex]
        for rewrite in rewrites(server):
            taker = _taker(rewrite, entries)
            if taker is not None:
                yield Finding(
                    rewrite.line.word(1),
                    f"ProxyPass {taker.path} does not see what this rule makes",
                    "add the flag PT",
                    ((taker.line.location, "the mapping that is passed by"),),
                )


def _taker(rewrite: Rewrite, entries: list[Pass]) -> Pass | None:
    target = rewrite.target.partition("?")[0].partition("$")[0].partition("%")[0]
    ends = "l" in rewrite.flags or "end" in rewrite.flags
    if not rewrite.in_server or not ends or any(name in rewrite.flags for name in _ELSEWHERE):
        return None
    if target.count("/") < 2 and len(target) < 2:
        return None
    entry = next((item for item in entries if covers(item.path, target)), None)
    return entry if entry is not None and entry.target != "!" else None


RULE: Final = Rule(
    "RP313",
    "server-rule-hides-mapping",
    Severity.WARNING,
    "a rule that takes requests away from the ProxyPass of its target",
    check,
)
