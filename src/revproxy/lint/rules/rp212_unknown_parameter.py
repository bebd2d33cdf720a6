"""ProxyPass, BalancerMember and ProxySet refuse parameters that they do not know.

`nocannon` and `lvmetod=byrequests` are such.

Correct the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Line, Rule, Subject
from revproxy.proxy.parameters import BALANCER_PARAMETERS, HEALTH_PARAMETERS, PARAMETER_NAMES

_FLAGS: Final = ("nocanon", "interpolate", "noquery")
_KNOWN: Final = PARAMETER_NAMES | BALANCER_PARAMETERS | HEALTH_PARAMETERS | {"mapping"}


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry in passes(server):
            yield from _unknown(entry.line, entry.target_word + 1, _FLAGS)
        for line in server.named("balancermember"):
            yield from _unknown(line, 1 if line.section is not None else 2, ())


def _unknown(line: Line, first: int, flags: tuple[str, ...]) -> Iterator[Finding]:
    for index, word in enumerate(line.values):
        if index < first or word.startswith(("[", "#")):
            continue
        name, equals, _ = word.lower().partition("=")
        if name in _KNOWN if equals else name in flags:
            continue
        from difflib import get_close_matches

        near = get_close_matches(name, _KNOWN if equals else flags, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}{equals}?" if near else ""
        yield Finding(line.word(index), f"there is no parameter {word}", hint)


RULE: Final = Rule(
    "RP212",
    "unknown-parameter",
    Severity.ERROR,
    "a parameter of ProxyPass that there is not",
    check,
    instead=True,
)
