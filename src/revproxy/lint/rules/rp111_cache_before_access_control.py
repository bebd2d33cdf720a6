"""What the cache has stored is given to clients that the origin's path would refuse.

`CacheQuickHandler On` is the default: the cache answers before any Require is looked at.

Say `CacheQuickHandler off`, or `CacheDisable` for the guarded path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.guards import guarded_paths
from revproxy.lint.mappings import covers
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        quick = server.setting("cachequickhandler")
        if quick is not None and quick.values[:1] and quick.values[0].lower() == "off":
            continue
        disabled = [line.values[0] for line in server.in_force("cachedisable") if line.values]
        for line in server.named("cacheenable"):
            if line.sections or len(line.values) < 2:
                continue
            for path, guard in guarded_paths(server):
                if covers(line.values[1], path) and not any(
                    covers(item, path) for item in disabled
                ):
                    yield Finding(
                        line.location,
                        f"the cache answers for {path} before its access rules are asked",
                        "CacheQuickHandler off, or CacheDisable for that path",
                        ((guard.location, f"{path} is guarded here"),),
                    )
                    break


RULE: Final = Rule(
    "RP111",
    "cache-before-access-control",
    Severity.WARNING,
    "a cache that answers before access control asks",
    check,
)
