"""NameVirtualHost has no effect since Apache 2.4: every address has virtual hosts by name.

Leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject, whole_line


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("namevirtualhost"):
        yield Finding(
            line.location,
            "NameVirtualHost has no effect since 2.4",
            "leave it out",
            fix=whole_line(line.location),
        )


RULE: Final = Rule(
    "RP503",
    "namevirtualhost-noop",
    Severity.INFO,
    "NameVirtualHost",
    check,
    instead=True,
)
