"""Every response names the versions of the server and of its modules.

Who looks for a version with a known hole finds it at once.

Write `ServerTokens Prod`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("servertokens"):
        if line.values[:1] and line.values[0].lower() == "full":
            yield Finding(
                line.word(0), "every response names all versions", "ServerTokens Prod says less"
            )


RULE: Final = Rule(
    "RP114",
    "server-tokens",
    Severity.INFO,
    "ServerTokens Full",
    check,
)
