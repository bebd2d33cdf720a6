"""Apache's filter cannot read what the origin has compressed; revproxy's can.

Without INFLATE, or `RequestHeader unset Accept-Encoding`, Apache leaves the links of compressed
pages as they are. With `--httpd-version` this is a warning.

For Apache, write `SetOutputFilter INFLATE;proxy-html`, or unset Accept-Encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.html import html_filters, is_uncompressed
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        lines = list(html_filters(server))
        if lines and not is_uncompressed(server):
            yield Finding(
                lines[0].location,
                "Apache cannot rewrite compressed pages (revproxy can)",
                "RequestHeader unset Accept-Encoding, or INFLATE before it",
                severity=Severity.WARNING if subject.httpd_version is not None else None,
            )


RULE: Final = Rule(
    "RP401",
    "html-filter-on-compressed",
    Severity.INFO,
    "proxy-html before which nothing takes compression off",
    check,
)
