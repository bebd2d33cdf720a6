"""`ProxyPassReverseCookiePath / /` changes nothing, and is looked at for every response.

Leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject, whole_line


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("proxypassreversecookiepath", "proxypassreversecookiedomain"):
        if len(line.values) > 1 and line.values[0] == line.values[1]:
            yield Finding(
                line.location,
                "both are the same: nothing changes",
                "leave it out",
                fix=whole_line(line.location),
            )


RULE: Final = Rule(
    "RP406",
    "cookie-rewrite-noop",
    Severity.INFO,
    "a cookie's path or domain replaced by itself",
    check,
)
