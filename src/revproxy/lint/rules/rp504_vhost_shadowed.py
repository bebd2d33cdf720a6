"""The first virtual host of an address that has the name answers; the second never does.

Told where addresses are the same and every name of the second is one of the first.

Give it another name, or make one of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    seen: list[ServerLines] = []
    for host in subject.hosts:
        for other in seen:
            if _addresses(host) == _addresses(other) and _names(host) <= _names(other):
                if host.directive is None or other.directive is None or not _names(host):
                    continue
                yield Finding(
                    host.directive.location,
                    "no request reaches this virtual host: an earlier one has its names",
                    "give it another ServerName, or make one of both",
                    ((other.directive.location, "answers first"),),
                )
                break
        seen.append(host)


def _addresses(host: ServerLines) -> frozenset[str]:
    words = host.directive.values if host.directive is not None else ()
    return frozenset(word.lower().replace("_default_", "*") for word in words)


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
