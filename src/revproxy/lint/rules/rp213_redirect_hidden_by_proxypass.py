"""A Redirect that never answers, as the path goes to an origin before it is asked.

The order of the lines means nothing: RewriteRule is first, then ProxyPass, then Redirect and Alias.

With `ProxyPass /` a Redirect outside of sections never answers, wherever it stands.

Write `ProxyPass /x !` before the ProxyPass, or the Redirect as a RewriteRule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, covers, passes
from revproxy.lint.redirects import redirects
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = [entry for entry in passes(server) if not entry.line.sections]
        for redirect in redirects(server):
            if redirect.line.sections:
                continue
            # What a regex matches is known to be hidden by ProxyPass / alone.
            path = redirect.path if redirect.path is not None else "/"
            taker = _taker(entries, path, is_regex=redirect.path is None)
            if taker is not None:
                yield Finding(
                    redirect.line.location,
                    f"ProxyPass {taker.path} takes these requests before",
                    "exclude the path with ProxyPass ... !, or use RewriteRule",
                    ((taker.line.location, "this ProxyPass"),),
                )


def _taker(entries: list[Pass], path: str, *, is_regex: bool) -> Pass | None:
    for entry in entries:
        if entry.is_regex or "interpolate" in entry.parameters:
            return None
        if entry.target == "!":
            if is_regex or covers(entry.path, path) or covers(path, entry.path):
                return None
        elif covers(entry.path, path):
            upgrades_only = entry.target.lower().startswith(("ws:", "wss:"))
            return None if upgrades_only else entry
    return None


RULE: Final = Rule(
    "RP213",
    "redirect-hidden-by-proxypass",
    Severity.WARNING,
    "a Redirect of a path that a ProxyPass takes",
    check,
)
