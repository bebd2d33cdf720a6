"""ProxyPass does it by itself since Apache 2.4.47.

The recipe with `RewriteCond %{HTTP:Upgrade}` and `ws://` needs a second mapping of each path, which
has to stay in step with the first.

Write `ProxyPass / http://b/ upgrade=websocket`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            asks = any("http:upgrade" in item.subject.lower() for item in rewrite.conditions)
            if rewrite.is_proxy and asks and rewrite.target.lower().startswith(("ws:", "wss:")):
                yield Finding(
                    rewrite.line.location,
                    "ProxyPass takes upgrades by itself since Apache 2.4.47",
                    "ProxyPass ... upgrade=websocket",
                )


RULE: Final = Rule(
    "RP310",
    "legacy-websocket",
    Severity.INFO,
    "upgrades by RewriteRule",
    check,
)
