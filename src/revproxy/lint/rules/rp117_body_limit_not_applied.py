"""LimitRequestBody does not count for requests that are proxied: bodies of any length go on.

Apache looks at it where a request is answered by the server itself.

Limit bodies at the origin. Here, requests that tell their length can be refused:

    RewriteCond %{HTTP:Content-Length} -gt 1048576
    RewriteRule ^ - [R=413,L]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, location_path, passes, taker
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = list(passes(server))
        for line in server.named("limitrequestbody"):
            if line.values[:1] == ("0",):
                continue
            section = line.section
            if section is not None and section.key == "proxy":
                yield Finding(line.location, _MESSAGE, _HINT)
                continue
            entry = _proxying(section, entries)
            if entry is not None:
                related = ((entry.line.location, "it covers what this sends to an origin"),)
                yield Finding(line.location, _MESSAGE, _HINT, related)


_MESSAGE: Final = "LimitRequestBody does not count for requests that are proxied"
_HINT: Final = "limit bodies at the origin, or refuse by Content-Length with a rule"


def _proxying(section: Directive | None, entries: list[Pass]) -> Pass | None:
    """The ProxyPass that takes all that a section covers, or all of the server; None for none."""
    path: str | None = "/"
    if section is not None:
        if section.key not in ("location", "locationmatch"):
            return None
        inside = [entry for entry in entries if entry.line.section is section]
        if inside:
            return inside[0] if inside[0].target != "!" else None
        path, is_regex = location_path(section)
        path = None if is_regex else path
    return taker([entry for entry in entries if not entry.line.sections], path)


RULE: Final = Rule(
    "RP117",
    "body-limit-not-applied",
    Severity.WARNING,
    "a LimitRequestBody for what is proxied",
    check,
)
