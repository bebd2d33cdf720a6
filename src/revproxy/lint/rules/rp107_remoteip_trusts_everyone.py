"""Any client can choose the address it is known by.

`RemoteIPHeader` without a list of proxies believes every peer: whoever sends the field is logged
and admitted under the address it names. Apache accepts it without a word.

Name the proxies that set the field: `RemoteIPInternalProxy` for your own, `RemoteIPTrustedProxy`
for others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_LISTS: Final = (
    "remoteipinternalproxy",
    "remoteipinternalproxylist",
    "remoteiptrustedproxy",
    "remoteiptrustedproxylist",
)


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for line in server.named("remoteipheader"):
            users = [server] if server.directive is not None else subject.servers
            if not any(user.in_force(*_LISTS) for user in users):
                yield Finding(
                    line.location,
                    f"every client may choose its address by {' '.join(line.values)}:"
                    " no proxy is named",
                    "add RemoteIPInternalProxy with the addresses of your proxies",
                )


RULE: Final = Rule(
    "RP107",
    "remoteip-trusts-everyone",
    Severity.ERROR,
    "RemoteIPHeader without any list of proxies",
    check,
)
