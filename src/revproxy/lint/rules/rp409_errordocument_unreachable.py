"""The page is asked of the very origin that does not answer.

`ErrorDocument 503 /errors/503.html` below `ProxyPass /` is one request more to the origin.

Write `ProxyPass /errors !` before the ProxyPass, with an Alias for the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import covers, passes, taker
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject

_STATUSES: Final = ("500", "502", "503", "504")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for line in server.in_force("errordocument"):
            if len(line.values) < 2 or line.values[0] not in _STATUSES:
                continue
            path = line.values[1]
            if not path.startswith("/") or _is_excluded(path, server):
                continue
            entry = taker([item for item in passes(server) if not item.line.sections], path)
            if entry is not None:
                yield Finding(
                    line.word(1),
                    f"the page is fetched from the origin of ProxyPass {entry.path}",
                    f"ProxyPass {path} ! before it",
                    ((entry.line.location, "this ProxyPass"),),
                )


def _is_excluded(path: str, server: ServerLines) -> bool:
    return any(
        entry.target == "!" and entry.line.sections and (entry.is_regex or covers(entry.path, path))
        for entry in passes(server)
    )


RULE: Final = Rule(
    "RP409",
    "errordocument-unreachable",
    Severity.WARNING,
    "an error page for a failing origin that is itself fetched from it",
    check,
)
