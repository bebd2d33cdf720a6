"""The name at the URL's end and the first of the path become one.

`ProxyPass /app/ http://b/app` makes `http://b/applogin` of `/app/login`.

Let both end in a slash, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, origin_of, passes
from revproxy.lint.rule import Finding, Rule, Subject, replaced


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry in passes(server):
            if is_glued(entry):
                yield Finding(
                    entry.line.word(entry.target_word),
                    f"{entry.path}x becomes {entry.target}x",
                    "let both end in a slash, or neither",
                    fix=replaced(
                        entry.line.word(entry.target_word), entry.target, f"{entry.target}/"
                    ),
                )


def is_glued(entry: Pass) -> bool:
    """Whether the rest of the path is glued to a name in the URL's path."""
    origin = None if entry.is_regex else origin_of(entry.target)
    if origin is None or "$" in entry.target or "?" in origin.path:
        return False
    return entry.path.endswith("/") and origin.path != "" and not origin.path.endswith("/")


RULE: Final = Rule(
    "RP217",
    "segment-glue",
    Severity.WARNING,
    "a ProxyPass whose path ends in a slash and whose URL ends in a name",
    check,
)
