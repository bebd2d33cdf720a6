"""Everybody may look at this server's inside, or turn its origins off.

server-status shows the addresses and URLs of all requests, server-info the configuration, and
balancer-manager changes it.

Add `Require local` (or your own network) to the section.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.guards import guarded_paths, restricts
from revproxy.lint.mappings import location_path
from revproxy.lint.rule import Finding, Line, Rule, Subject

_HANDLERS: Final = ("server-status", "server-info", "balancer-manager", "ldap-status")


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("sethandler"):
        handler = line.values[0].lower() if line.values else ""
        if handler in _HANDLERS and not _is_guarded(line) and not _is_local(line, subject):
            yield Finding(
                line.word(0),
                f"everybody may reach {handler}",
                "add Require local, or your own network, to this section",
            )


def _is_guarded(line: Line) -> bool:
    if not line.sections or any(restricts(section) for section in line.sections):
        return True
    section = line.sections[0]
    if section.key != "location":
        return any(guarded_paths(line.server))
    path, is_regex = location_path(section)
    return any(is_regex or path.startswith(other) for other, _ in guarded_paths(line.server))


def _is_local(line: Line, subject: Subject) -> bool:
    """Whether the server can be reached from this machine alone."""
    host = line.server.directive
    places = list(host.values) if host is not None else []
    if not places:
        places = [item.values[0] for item in subject.lines("listen") if item.values]
    return bool(places) and all(
        place.startswith(("127.", "localhost", "[::1]")) for place in places
    )


RULE: Final = Rule(
    "RP110",
    "status-or-manager-exposed",
    Severity.ERROR,
    "server-status, server-info or balancer-manager for everybody",
    check,
)
