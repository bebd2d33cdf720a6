"""A RewriteCond belongs to the next RewriteRule alone.

Told is the case where that costs: two rules with the same pattern and target behind one set of
conditions, of which the second has none.

Repeat the conditions, or put the rules into `<If>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        before: Rewrite | None = None
        for rewrite in rewrites(server):
            if before is not None and _shares(before, rewrite):
                yield Finding(
                    rewrite.line.location,
                    "the conditions above the rule before do not hold for this one",
                    "repeat them",
                    ((before.conditions[0].line.location, "belongs to the rule before alone"),),
                )
            before = rewrite


def _shares(first: Rewrite, second: Rewrite) -> bool:
    """Whether the second looks as if it stood under the first one's conditions."""
    if first.line.sections != second.line.sections or not first.conditions or second.conditions:
        return False
    upgrades = any("upgrade" in item.subject.lower() for item in first.conditions)
    websocket = ("ws://", "wss://")
    return (
        upgrades
        and first.target.lower().startswith(websocket)
        and second.target.lower().startswith(websocket)
    )


RULE: Final = Rule(
    "RP305",
    "condition-binds-once",
    Severity.WARNING,
    "conditions that the rule below the next no longer has",
    check,
)
