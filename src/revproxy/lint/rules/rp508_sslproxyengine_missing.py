"""Every request to it is answered with 500.

Apache speaks TLS to origins in servers alone that say `SSLProxyEngine On`.

Add `SSLProxyEngine On` to the virtual host.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.origins import targets
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        secure = [item for item in targets(server) if item.origin.scheme in ("https", "wss")]
        if secure and not _is_engine_on(server):
            yield Finding(
                secure[0].location,
                "SSLProxyEngine is off: every request to this origin is 500",
                "add SSLProxyEngine On",
            )


def _is_engine_on(server: ServerLines) -> bool:
    lines = server.in_force("sslproxyengine")
    return any(line.values[:1] and line.values[0].lower() == "on" for line in lines)


RULE: Final = Rule(
    "RP508",
    "sslproxyengine-missing",
    Severity.ERROR,
    "an https origin without SSLProxyEngine On",
    check,
)
