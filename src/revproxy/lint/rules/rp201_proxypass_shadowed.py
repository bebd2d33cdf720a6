"""A ProxyPass that no request reaches, as an earlier one takes all of its URLs.

The first entry that matches wins, in file order; a longer path below a shorter one that stands
before it is never looked at.

Put the longer path first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, covers, passes
from revproxy.lint.rule import Finding, Rule, Subject


def hiding(entry: Pass, earlier: list[Pass]) -> Pass | None:
    """The earlier entry that takes all URLs of this one, None where there is none.

    Entries of one context alone are compared: a `<Location>`'s is tried before all others. What
    serves upgrades only (ws://) lets other requests pass on.
    """
    for other in earlier:
        upgrades_only = other.target.lower().startswith(("ws:", "wss:"))
        if not upgrades_only and covers(other.path, entry.path):
            return other
    return None


def plain(entries: Iterator[Pass]) -> Iterator[Pass]:
    """Entries that compare by a constant prefix, outside of sections."""
    for entry in entries:
        interpolates = "interpolate" in entry.parameters or "${" in entry.path
        if not entry.is_regex and not entry.line.sections and not interpolates:
            yield entry


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        earlier: list[Pass] = []
        for entry in plain(passes(server)):
            other = hiding(entry, earlier)
            if other is not None and entry.target != "!":
                yield Finding(
                    entry.line.word(0),
                    f"no request reaches ProxyPass {entry.path}: ProxyPass {other.path} takes it",
                    "put the longer path first",
                    ((other.line.location, f"{other.path} matches first"),),
                )
            earlier.append(entry)


RULE: Final = Rule(
    "RP201",
    "proxypass-shadowed",
    Severity.ERROR,
    "a ProxyPass behind one with a shorter path",
    check,
)
