"""Apache opens a connection for each request of such a rule.

Its connections are kept by workers, which ProxyPass and `<Proxy>` make; a rule whose URL has none
shares a worker that keeps none.

Add `<Proxy http://b/> ProxySet timeout=60 </Proxy>`, with the URL of the origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import origin_of, passes
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        workers = {
            origin.authority
            for origin in (
                *(origin_of(entry.target) for entry in passes(server)),
                *(origin_of(line.values[0]) for line in server.in_force("proxy") if line.values),
            )
            if origin is not None
        }
        for rewrite in rewrites(server):
            authority = rewrite.authority.lower()
            fixed = authority and not set("$%") & set(authority)
            if rewrite.is_proxy and fixed and authority not in workers:
                yield Finding(
                    rewrite.line.word(1),
                    f"Apache keeps no connection to {authority}: no worker has its URL",
                    f"add <Proxy http://{authority}/> with a ProxySet",
                )


RULE: Final = Rule(
    "RP601",
    "rewrite-p-unpooled",
    Severity.INFO,
    "[P] to an origin that no ProxyPass or Proxy names",
    check,
)
