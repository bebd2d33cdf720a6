"""The first virtual host of an address answers for every name that none has.

Where it proxies, the origin gets requests for names that it does not know.

Put a virtual host first that refuses: `Redirect 404 /` or `Require all denied`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.origins import is_proxying
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    by_address: dict[tuple[str, ...], list[ServerLines]] = {}
    for host in subject.hosts:
        if host.directive is not None:
            by_address.setdefault(host.directive.values, []).append(host)
    for hosts in by_address.values():
        first = hosts[0]
        if len(hosts) > 1 and first.directive is not None and is_proxying(first):
            yield Finding(
                first.directive.location,
                "requests for names that no virtual host has go to this one's origin",
                "put a virtual host first that refuses",
            )


RULE: Final = Rule(
    "RP505",
    "implicit-default-vhost",
    Severity.INFO,
    "requests for other names go to the first virtual host, which proxies",
    check,
)
