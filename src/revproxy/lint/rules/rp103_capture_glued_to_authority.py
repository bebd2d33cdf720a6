"""Nothing stands between the origin's host and a group that need not begin with a slash.

With `RewriteRule ^/(.*) http://b:8080$1 [P]` a request for `/@evil.test/` goes to evil.test, as
`b:8080` is now a user's name and password, and one for `/1/` to another port.

Put a slash before the group, or into it: `http://b:8080/$1`, or `^/app(/.*)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Location, Severity
from revproxy.lint.mappings import passes
from revproxy.lint.regexes import Group, groups
from revproxy.lint.rewriting import PER_DIRECTORY, authority_of, rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_GLUED: Final = re.compile(r"[A-Za-z0-9\]](?P<port>:[0-9]+)?\$(?P<number>[1-9])\Z")
_EVIL: Final = ("@evil.test", ":1@evil.test", "@evil.test/", ":1@evil.test/")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            begins = not rewrite.line.is_in(*PER_DIRECTORY)
            found = groups(rewrite.pattern)
            if rewrite.is_proxy and _is_glued(rewrite.authority, found, begins):
                yield _finding(rewrite.line.word(1))
        for entry in passes(server):
            authority = authority_of(entry.target)
            if entry.is_regex and _is_glued(authority, groups(entry.path), True):
                yield _finding(entry.line.word(entry.target_word))


def _finding(location: Location) -> Finding:
    return Finding(
        location,
        "the group follows the host without a slash: @evil.test there moves the host",
        "put a slash before the group, or into it: (/.*)",
    )


def _is_glued(authority: str, found: tuple[Group, ...], begins_with_slash: bool) -> bool:
    match = _GLUED.search(authority)
    if match is None or int(match["number"]) > len(found):
        return False
    group = found[int(match["number"]) - 1]
    if begins_with_slash and group.before.strip("^(") == "" and group.can_be("/@evil.test"):
        return False  # It takes the path's first slash itself.
    return group.can_be(*_EVIL)


RULE: Final = Rule(
    "RP103",
    "capture-glued-to-authority",
    Severity.ERROR,
    "a group glued to an origin's host, without a slash between",
    check,
)
