"""Lines with the same URL share a worker, and the parameters of the first are the worker's.

What the second says of `timeout=`, `retry=` and the like has no effect.

Write the parameters once, or give the URLs different paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, passes
from revproxy.lint.rule import Finding, Rule, Subject

_OWN: Final = ("nocanon", "interpolate", "noquery")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        first: dict[str, Pass] = {}
        for entry in passes(server):
            if entry.target == "!" or entry.target.startswith("balancer:") or "$" in entry.target:
                continue
            other = first.setdefault(entry.target.lower(), entry)
            ours, theirs = _of_worker(entry), _of_worker(other)
            if other is not entry and ours and ours - theirs:
                yield Finding(
                    entry.line.word(entry.target_word + 1),
                    f"{entry.target} has its parameters from an earlier line",
                    "write them there",
                    ((other.line.location, "the first line of this URL"),),
                )


def _of_worker(entry: Pass) -> set[str]:
    return {
        word.lower()
        for word in entry.parameters
        if word.lower() not in _OWN and not word.lower().startswith("mapping=")
    }


RULE: Final = Rule(
    "RP216",
    "worker-parameters-ignored",
    Severity.WARNING,
    "two ProxyPass to one URL with different parameters",
    check,
)
