"""The host that a request is sent to is taken from the request: server-side request forgery.

`RewriteRule ^/p/(.+) http://$1 [P]` lets every client reach every host that this server reaches,
those behind the firewall and the address of the cloud's metadata among them. So does
`http://%{HTTP_HOST}/` in the virtual host that answers for every name.

Name the host, or let the group match what is meant alone: `^/p/(red|blue)/(.*)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Location, Severity
from revproxy.lint.mappings import passes
from revproxy.lint.regexes import Group, groups, matches
from revproxy.lint.rewriting import Rewrite, authority_of, rewrites
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject

_VARIABLE: Final = re.compile(r"%\{(?:HTTP_HOST|HTTP:[^}]+|SERVER_NAME|QUERY_STRING)\}")
_REFERENCE: Final = re.compile(r"([$%])([1-9])")
_EVIL: Final = ("evil.test", "192.0.2.1")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            if rewrite.is_proxy and _is_chosen(rewrite, server, subject):
                yield _finding(rewrite.line.word(1), rewrite.authority)
        for entry in passes(server):
            authority = authority_of(entry.target)
            if entry.is_regex and _by_group(authority, "$", groups(entry.path)):
                yield _finding(entry.line.word(entry.target_word), authority)


def _finding(location: Location, authority: str) -> Finding:
    return Finding(
        location,
        f"the client chooses the host: {authority}",
        "name the host, or match only those that are meant",
    )


def _is_chosen(rewrite: Rewrite, server: ServerLines, subject: Subject) -> bool:
    authority = rewrite.authority
    if _by_group(authority, "$", groups(rewrite.pattern), ignore_case=rewrite.ignores_case):
        return True
    last = next((item for item in reversed(rewrite.conditions) if not item.is_negated), None)
    if last is not None and _by_group(authority, "%", groups(last.pattern)):
        return not _is_named(server, subject)
    if _VARIABLE.match(authority) is None:
        return False
    return not _is_conditional(rewrite) and not _is_named(server, subject)


def _by_group(
    authority: str, sign: str, found: tuple[Group, ...], *, ignore_case: bool = False
) -> bool:
    """Whether the host begins with a group that can be any host."""
    match = _REFERENCE.match(authority)
    if match is None or match[1] != sign or int(match[2]) > len(found):
        return False
    suffix = authority[match.end() :]
    evil = tuple(f"{host}?" for host in _EVIL) if suffix and suffix[0] != ":" else _EVIL
    return found[int(match[2]) - 1].can_be(*evil, ignore_case=ignore_case)


def _is_conditional(rewrite: Rewrite) -> bool:
    """Whether a condition keeps other hosts out."""
    return any(
        _VARIABLE.search(item.subject) and not matches(item.pattern, *_EVIL)
        for item in rewrite.conditions
    )


def _is_named(server: ServerLines, subject: Subject) -> bool:
    """Whether the virtual host gets the requests for its own names alone."""
    if server.directive is None or not server.named("servername"):
        return False
    if any("*" in name for line in server.named("serveralias") for name in line.values):
        return False
    return any(
        other.directive is not None and other.directive.values == server.directive.values
        for other in subject.hosts[: subject.hosts.index(server)]
    )


RULE: Final = Rule(
    "RP102",
    "client-chooses-backend",
    Severity.ERROR,
    "an origin's host that the client may choose",
    check,
)
