"""Apache 2.4 refuses the line, or takes it under another name.

`CacheEnable mem` and the MCache directives went with mod_mem_cache, `MaxClients` is called
MaxRequestWorkers, `MaxRequestsPerChild` MaxConnectionsPerChild.

Write the new name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject, replaced

_NEW: Final = {
    "maxclients": "MaxRequestWorkers",
    "maxrequestsperchild": "MaxConnectionsPerChild",
    "lockfile": "Mutex",
    "acceptmutex": "Mutex",
    "sslmutex": "Mutex",
    "rewritelock": "Mutex",
    "rewritelog": "LogLevel rewrite:trace3",
    "rewriteloglevel": "LogLevel rewrite:trace3",
    "defaulttype": "ForceType",
    "mcachesize": "CacheEnable disk",
    "mcachemaxobjectcount": "CacheEnable disk",
    "mcachemaxobjectsize": "CacheEnable disk",
    "mcachemaxstreamingbuffer": "CacheEnable disk",
    "mcacheminobjectsize": "CacheEnable disk",
    "mcacheremovalalgorithm": "CacheEnable disk",
}
_SEVERITIES: Final = {
    "maxclients": Severity.INFO,
    "maxrequestsperchild": Severity.INFO,
    "defaulttype": Severity.WARNING,
}
"""Of those that Apache 2.4 still takes; the others it refuses."""
_RENAMED: Final = ("maxclients", "maxrequestsperchild")


def check(subject: Subject) -> Iterator[Finding]:
    for directive in subject.loaded.configuration.walk():
        new = _NEW.get(directive.key)
        if new is not None and not (directive.key == "defaulttype" and _is_none(directive.values)):
            yield Finding(
                directive.location,
                f"Apache 2.4 knows {directive.name} by another name, if at all",
                f"use {new}",
                severity=_SEVERITIES.get(directive.key, Severity.ERROR),
                fix=replaced(directive.location, directive.name, new, is_safe=True)
                if directive.key in _RENAMED
                else None,
            )
        elif directive.key == "cacheenable" and directive.values[:1] == ("mem",):
            yield Finding(
                directive.args[0].location, "mod_mem_cache is no more", "use CacheEnable disk"
            )


def _is_none(values: tuple[str, ...]) -> bool:
    return [word.lower() for word in values] == ["none"]


RULE: Final = Rule(
    "RP510",
    "removed-directive",
    Severity.WARNING,
    "directives and values that Apache 2.4 no longer has",
    check,
    instead=True,
)
