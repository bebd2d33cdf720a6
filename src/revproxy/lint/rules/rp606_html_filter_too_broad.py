"""Each page of the whole server is read and written anew.

That costs far more than passing it on; pages whose links are right need it not.

Put it into the `<Location>` of the paths that need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.html import html_filters
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for line in html_filters(server):
            if not line.sections:
                yield Finding(
                    line.location, "every page is read and written anew", "put it in a <Location>"
                )


RULE: Final = Rule(
    "RP606",
    "html-filter-too-broad",
    Severity.INFO,
    "proxy-html for every path",
    check,
)
