"""Two lines have become one: the second directive is taken for arguments of the first.

Apache ignores what stands behind `On` and `Off`, so the second never acts.

Begin a new line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.catalogue import catalogue
from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    known = catalogue().directives
    for server in subject.servers:
        for line in server.lines:
            entry = known.get(line.key)
            if entry is None or entry.style != "FLAG" or len(line.values) < 2:
                continue
            other = known.get(line.values[1].lower())
            if other is not None and not other.section:
                yield Finding(
                    line.word(1),
                    f"{line.values[1]} stands among the arguments of {line.directive.name}",
                    "begin a new line",
                )


RULE: Final = Rule(
    "RP515",
    "two-directives-one-line",
    Severity.ERROR,
    "a directive among the arguments of another",
    check,
)
