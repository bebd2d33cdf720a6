"""The client chooses the path from its first segment on.

A rule outside of `<Directory>` whose substitution begins with `$1` may name a file anywhere on the
disk, as its first segment is looked for there (CVE-2024-38475). Apache 2.4.60 and later refuse it
unless the flag `UnsafePrefixStat` is set; with `--httpd-version` of one before it is a warning.

Begin with a slash and a name: `/app/$1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.regexes import groups
from revproxy.lint.rewriting import Rewrite, rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_FIRST: Final = re.compile(r"\$([1-9])")
_ELSEWHERE: Final = ("r", "p", "pt", "f", "g", "unsafeprefixstat")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            if starts_with_capture(rewrite):
                yield Finding(
                    rewrite.line.word(1),
                    "the client chooses the path from its first segment on",
                    "begin with a slash and a name of your own",
                    severity=Severity.WARNING if subject.is_before(2, 4, 60) else None,
                )


def starts_with_capture(rewrite: Rewrite) -> bool:
    """Whether a path of the file system may come of what the client sent."""
    if not rewrite.in_server or any(name in rewrite.flags for name in _ELSEWHERE):
        return False
    match = _FIRST.match(rewrite.target)
    if match is None:
        return False
    found = groups(rewrite.pattern)
    number = int(match[1])
    return number <= len(found) and found[number - 1].can_be("/etc/x", "etc/x")


RULE: Final = Rule(
    "RP106",
    "substitution-starts-with-capture",
    Severity.INFO,
    "a substitution of the server's rules that begins with a group",
    check,
)
