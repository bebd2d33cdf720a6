"""`YOUR_SERVER_FQDN`, `<your-domain>`, `changeme` and the like are no names of yours.

Put in what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_PLACEHOLDER: Final = re.compile(
    r"\bYOUR[_-]\w+|<your[- _]\w+>|\byour[-_]?(?:domain|server|host)\w*\b|\bchangeme\b|\bFIXME\b",
    re.IGNORECASE,
)
_LINES: Final = (
    "servername",
    "serveralias",
    "proxypass",
    "proxypassmatch",
    "proxypassreverse",
    "balancermember",
    "rewriterule",
)


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines(*_LINES):
        for index, word in enumerate(line.values):
            match = _PLACEHOLDER.search(word)
            if match is not None:
                yield Finding(line.word(index), f"{match[0]} is a placeholder", "put a name in")
                break


RULE: Final = Rule(
    "RP517",
    "placeholder-left",
    Severity.INFO,
    "a name from a guide that nobody has replaced",
    check,
)
