"""A Redirect that never answers, as the path goes to an origin before it is asked.

The order of the lines means nothing: RewriteRule is first, then ProxyPass, then Redirect and Alias.

With `ProxyPass /` a Redirect outside of sections never answers, wherever it stands.

Write `ProxyPass /x !` before the ProxyPass, or the Redirect as a RewriteRule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes, taker
from revproxy.lint.redirects import redirects
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = [entry for entry in passes(server) if not entry.line.sections]
        for redirect in redirects(server):
            if redirect.line.sections:
                continue
            entry = taker(entries, redirect.path)
            if entry is not None:
                yield Finding(
                    redirect.line.location,
                    f"ProxyPass {entry.path} takes these requests before",
                    "exclude the path with ProxyPass ... !, or use RewriteRule",
                    ((entry.line.location, "this ProxyPass"),),
                )


RULE: Final = Rule(
    "RP213",
    "redirect-hidden-by-proxypass",
    Severity.WARNING,
    "a Redirect of a path that a ProxyPass takes",
    check,
)
