"""Redirects of the origin reach clients as they are, with the origin's own name in them.

Neither ProxyPass nor `[P]` changes the Location field of responses; ProxyPassReverse does. Where
`ProxyPreserveHost On` lets the origin know the public name, nothing is said.

Add ProxyPassReverse with the path and the URL of the ProxyPass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.origins import targets
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject

_LINES: Final = ("proxypass", "proxypassmatch", "rewriterule")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        if _is_cared_for(server):
            continue
        for target in targets(server):
            if target.origin.scheme in ("http", "https") and target.line.key in _LINES:
                yield Finding(
                    target.line.location,
                    "redirects of the origin show clients its own name",
                    "add ProxyPassReverse with the same path and URL",
                )
                break


def _is_cared_for(server: ServerLines) -> bool:
    if server.in_force("proxypassreverse"):
        return True
    if any(_is_on(line.values) for line in server.in_force("proxypreservehost")):
        return True
    edits = ("location", "host")
    return any(
        word.lower() in edits
        for line in server.in_force("header", "requestheader")
        for word in line.values[:3]
    )


def _is_on(values: tuple[str, ...]) -> bool:
    return values[:1] != () and values[0].lower() == "on"


RULE: Final = Rule(
    "RP205",
    "missing-proxypassreverse",
    Severity.WARNING,
    "an origin without any ProxyPassReverse",
    check,
)
