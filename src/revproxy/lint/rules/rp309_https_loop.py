"""Every request is redirected to itself, for ever.

`%{HTTPS} off` always holds where something in front takes TLS off. The file shows that it does: it
reads `X-Forwarded-Proto`, and no virtual host has `SSLEngine on`.

Ask `%{HTTP:X-Forwarded-Proto} !=https` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    if any(subject.lines("sslengine")) or not _ends_before(subject):
        return
    for server in subject.servers:
        for rewrite in rewrites(server):
            if rewrite.target.lower().startswith("https://") and _asks_https_alone(rewrite):
                yield Finding(
                    rewrite.line.location,
                    "TLS ends before this server: HTTPS is always off, and this never ends",
                    "ask %{HTTP:X-Forwarded-Proto} !=https",
                )


def _ends_before(subject: Subject) -> bool:
    """Whether a line relies on what a TLS terminator says."""
    trusted = any(
        word.lower().startswith("x-forwarded-proto")
        for line in subject.lines("setenvif", "setenvifnocase")
        for word in line.values[:1]
    )
    ports = [line.values[0] for line in subject.lines("listen") if line.values]
    return trusted and not any(port.rpartition(":")[2] == "443" for port in ports)


def _asks_https_alone(rewrite: Rewrite) -> bool:
    return len(rewrite.conditions) == 1 and all(
        item.subject == "%{HTTPS}" and item.pattern.lower() in ("off", "!=on", "!on", "=off")
        for item in rewrite.conditions
    )


RULE: Final = Rule(
    "RP309",
    "https-loop",
    Severity.WARNING,
    "a redirect to https where TLS ends before this server",
    check,
)
