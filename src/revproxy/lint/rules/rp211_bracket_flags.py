"""Brackets belong to RewriteRule.

`ProxyPassMatch ... [P]` is refused, and `ProxyHTMLURLMap a b [Rin]` takes the bracket for a flag.

Leave the brackets out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_LINES: Final = ("proxypass", "proxypassmatch", "proxypassreverse", "proxyhtmlurlmap")


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines(*_LINES):
        for index, word in enumerate(line.values):
            if index and word.startswith("[") and word.endswith("]") and len(word) < 12:
                inner = word[1:-1]
                html = line.key == "proxyhtmlurlmap"
                yield Finding(
                    line.word(index),
                    f"{line.directive.name} takes no flags in brackets",
                    f"write {inner}" if html else "leave it out",
                )


RULE: Final = Rule(
    "RP211",
    "bracket-flags",
    Severity.ERROR,
    "flags in brackets where there are none",
    check,
    instead=True,
)
