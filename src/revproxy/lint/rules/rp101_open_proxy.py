"""Relays the requests of everybody to any host.

`ProxyRequests On` makes a forward proxy, which a reverse proxy does not need: ProxyPass works
without it. Open proxies are found within hours, and used for what their owners answer for.

Leave it out, or say `ProxyRequests Off`. Where a forward proxy is meant, restrict `<Proxy "*">`
to your own network: the rule is silent then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.guards import restricts
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    guards = [line for line in subject.lines("proxy", "proxymatch") if restricts(line.directive)]
    for line in subject.lines("proxyrequests"):
        if line.values[:1] and line.values[0].lower() == "on" and not guards:
            yield Finding(
                line.word(0),
                "everybody may reach any host through this server",
                "a reverse proxy needs no ProxyRequests; leave it out",
            )


RULE: Final = Rule(
    "RP101",
    "open-proxy",
    Severity.ERROR,
    "ProxyRequests On where nobody is kept out",
    check,
    instead=True,
)
