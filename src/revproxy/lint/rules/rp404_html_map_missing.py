"""The filter reads every page and changes no link: it is not told what to replace.

Told where nothing else of mod_proxy_html is asked for either, as a character set is.

Add `ProxyHTMLURLMap http://b/ /app/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.html import html_filters
from revproxy.lint.rule import Finding, Rule, Subject

_USES: Final = (
    "proxyhtmlurlmap",
    "proxyhtmlmeta",
    "proxyhtmlcharsetout",
    "proxyhtmldoctype",
    "proxyhtmlstripcomments",
    "proxyhtmlfixups",
)


def check(subject: Subject) -> Iterator[Finding]:
    if any(subject.lines(*_USES)):
        return
    for server in subject.servers:
        for line in html_filters(server):
            yield Finding(
                line.location,
                "every page is read and no link is changed: there is no ProxyHTMLURLMap",
                "add ProxyHTMLURLMap with what is to be replaced",
            )


RULE: Final = Rule(
    "RP404",
    "html-map-missing",
    Severity.WARNING,
    "proxy-html without any ProxyHTMLURLMap",
    check,
)
