"""`%2F` in a path becomes a slash before the origin sees it.

`AllowEncodedSlashes On` decodes it: the path that access rules looked at and the one that the
origin serves may differ, and names that hold a slash no longer arrive.

Write `AllowEncodedSlashes NoDecode`, and `nocanon` at the ProxyPass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        line = server.setting("allowencodedslashes")
        if line is None or line.values[:1] == () or line.values[0].lower() != "on":
            continue
        decoding = [
            entry
            for entry in passes(server)
            if entry.target != "!" and "nocanon" not in entry.parameters
        ]
        if decoding:
            yield Finding(
                line.word(0),
                "%2F is decoded before the origin sees it",
                "write AllowEncodedSlashes NoDecode, and nocanon at ProxyPass",
                ((decoding[0].line.location, "the origin that gets it"),),
            )


RULE: Final = Rule(
    "RP112",
    "encoded-slashes-decoded",
    Severity.WARNING,
    "AllowEncodedSlashes On before an origin",
    check,
)
