"""An exclusion behind the ProxyPass that it should exempt from.

`ProxyPass /static !` ends the search for a mapping, but only where it is reached: the first entry
that matches wins.

Put the exclusion before the ProxyPass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject
from revproxy.lint.rules.rp201_proxypass_shadowed import finding, hidden


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry, other in hidden(server):
            if entry.target == "!" and other.target != "!":
                message = f"{entry.path} is not excluded: ProxyPass {other.path} takes it before"
                yield finding(entry, other, message, "put the exclusion before it")


RULE: Final = Rule(
    "RP202",
    "exclusion-too-late",
    Severity.ERROR,
    "a ProxyPass ! behind what it should exempt from",
    check,
)
