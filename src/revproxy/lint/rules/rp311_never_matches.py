r"""A rule looks at the path alone: there is no host, no scheme and no query in it.

`^/x\?id=(.*)` and `^https?://` match nothing. (`?` after a letter is the regex's own.)

Ask for the query with `RewriteCond %{QUERY_STRING}`, for the host with `%{HTTP_HOST}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_SCHEME: Final = re.compile(r"\^\(?(?:\?:)?https?\??\)?:")
_QUERY: Final = re.compile(r"\\\?[A-Za-z_]\w*=")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            why = "" if rewrite.is_negated or not rewrite.in_server else _why(rewrite.pattern)
            if why:
                yield Finding(
                    rewrite.line.word(0), f"no path matches this: {why}", "use RewriteCond for it"
                )
        for entry in passes(server):
            why = _why(entry.path) if entry.is_regex and not entry.line.sections else ""
            if why:
                yield Finding(entry.line.word(0), f"no path matches this: {why}")


def _why(pattern: str) -> str:
    if "|" in pattern:
        return ""
    if _SCHEME.match(pattern):
        return "it begins with a scheme"
    if _QUERY.search(pattern):
        return "the query is not part of it"
    return ""


RULE: Final = Rule(
    "RP311",
    "never-matches",
    Severity.ERROR,
    "a pattern that no path can match",
    check,
)
