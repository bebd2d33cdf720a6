"""A virtual host does not have the main server's rewrite rules.

All requests are answered by virtual hosts where there is one for each address; rules outside of
them have no effect then.

Write them into the virtual hosts, or `RewriteOptions Inherit` there (`InheritDown` outside).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Location, Severity
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    own = [item for item in rewrites(subject.main) if item.in_server]
    if not own or not subject.hosts or not _take_all(subject):
        return
    options = list(subject.lines("rewriteoptions"))
    if any(word.lower().startswith("inherit") for line in options for word in line.values):
        return
    yield Finding(
        own[0].line.location,
        "no virtual host has this rule: they do not inherit it",
        "RewriteOptions InheritDown before it, or the rule in the virtual hosts",
        ((_place(subject.hosts[0]), "answers without it"),),
    )


def _take_all(subject: Subject) -> bool:
    """Whether the virtual hosts have every port that is listened on."""
    ports = {line.values[0].rpartition(":")[2] for line in subject.lines("listen") if line.values}
    served = {
        word.rpartition(":")[2]
        for host in subject.hosts
        if host.directive is not None
        for word in host.directive.values
        if word.startswith(("*", "_default_"))
    }
    return bool(ports) and (ports <= served or "*" in served)


def _place(server: ServerLines) -> Location:
    assert server.directive is not None
    return server.directive.location


RULE: Final = Rule(
    "RP306",
    "rewrite-not-inherited",
    Severity.WARNING,
    "rules of the main server that no virtual host has",
    check,
)
