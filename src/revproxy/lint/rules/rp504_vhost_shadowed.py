"""The first virtual host of an address that has the name answers; the second never does.

Told where addresses are the same and every name of the second is one of the first.

Give it another name, or make one of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    known: dict[tuple[frozenset[str], str], list[tuple[frozenset[str], Directive]]] = {}
    for host in subject.hosts:
        names = _names(host)
        if host.directive is None or not names:
            continue
        addresses = _addresses(host.directive)
        for others, other in known.get((addresses, min(names)), ()):
            if names <= others:
                yield Finding(
                    host.directive.location,
                    "no request reaches this virtual host: an earlier one has its names",
                    "give it another ServerName, or make one of both",
                    ((other.location, "answers first"),),
                )
                break
        for name in names:
            known.setdefault((addresses, name), []).append((names, host.directive))


def _addresses(host: Directive) -> frozenset[str]:
    return frozenset(word.lower().replace("_default_", "*") for word in host.values)


def _names(host: ServerLines) -> frozenset[str]:
    lines = [line for line in host.named("servername", "serveralias") if not line.sections]
    return frozenset(
        word.lower().rpartition("//")[2].partition(":")[0] for line in lines for word in line.values
    )


RULE: Final = Rule(
    "RP504",
    "vhost-shadowed",
    Severity.ERROR,
    "a virtual host with the names and addresses of an earlier one",
    check,
)
