"""An origin that closes idle connections first makes some requests fail with 502.

Most close them after 5 to 75 seconds; `ttl=` says for how long one may be used again here.

Add `ttl=` with less than the origin's time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry in passes(server):
            words = [word.lower() for word in entry.parameters]
            if "keepalive=on" in words and not any(word.startswith("ttl=") for word in words):
                yield Finding(
                    entry.line.word(entry.target_word + 1 + words.index("keepalive=on")),
                    "the origin may close the connection as a request is sent",
                    "add ttl= with less than its idle time",
                )


RULE: Final = Rule(
    "RP602",
    "keepalive-race",
    Severity.INFO,
    "keepalive=On without ttl=",
    check,
)
