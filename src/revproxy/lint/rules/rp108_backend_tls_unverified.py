"""Whoever sits on the way to the origin can pose as it.

`SSLProxyVerify none` is the default: the connection is encrypted, but to whom is not asked. The
same holds where `SSLProxyCheckPeerName off` lets any certificate through.

Set `SSLProxyVerify require` and `SSLProxyCACertificateFile`. Origins on this machine are not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.origins import Target, targets
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject

_HINT: Final = "add SSLProxyVerify require and SSLProxyCACertificateFile"


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        secure = [item for item in targets(server) if _is_remote_tls(item)]
        engines = [line for line in server.in_force("sslproxyengine") if line.values]
        if not secure or not any(line.values[0].lower() == "on" for line in engines):
            continue
        if not _verifies(server):
            yield Finding(
                secure[0].location,
                f"nobody asks whether {secure[0].host} is who it should be",
                _HINT,
            )
            continue
        for line in server.in_force("sslproxycheckpeername"):
            if line.values[:1] and line.values[0].lower() == "off":
                yield Finding(line.location, "any host's certificate will do", "leave it on")


def _is_remote_tls(target: Target) -> bool:
    return target.origin.scheme in ("https", "wss", "h2") and not target.is_loopback


def _verifies(server: ServerLines) -> bool:
    return any(
        line.values[:1] and line.values[0].lower() != "none"
        for line in server.in_force("sslproxyverify")
    )


RULE: Final = Rule(
    "RP108",
    "backend-tls-unverified",
    Severity.WARNING,
    "an https origin whose certificate nobody looks at",
    check,
)
