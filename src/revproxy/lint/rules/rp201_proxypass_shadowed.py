"""A ProxyPass that no request reaches, as an earlier one takes all of its URLs.

The first entry that matches wins, in file order; a longer path below a shorter one that stands
before it is never looked at.

Put the longer path first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, Prefixes, passes
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def hidden(server: ServerLines) -> Iterator[tuple[Pass, Pass]]:
    """Entries that no request reaches, each with the earlier one that takes all of its URLs.

    Entries of one context alone are compared: a `<Location>`'s is tried before all others. What
    serves upgrades only (ws://) lets other requests pass on.
    """
    earlier = Prefixes()
    for entry in passes(server):
        interpolates = "interpolate" in entry.parameters or "${" in entry.path
        if entry.is_regex or entry.line.sections or interpolates:
            continue
        other = earlier.taking(entry.path)
        if other is not None:
            yield entry, other
        if not entry.target.lower().startswith(("ws:", "wss:")):
            earlier.add(entry)


def finding(entry: Pass, other: Pass, message: str, way_out: str) -> Finding:
    """What is said of an entry that is hidden by another one."""
    related = ((other.line.location, f"{other.path} matches first"),)
    return Finding(entry.line.word(0), message, way_out, related)


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry, other in hidden(server):
            if entry.target != "!":
                message = (
                    f"no request reaches ProxyPass {entry.path}: ProxyPass {other.path} takes it"
                )
                yield finding(entry, other, message, "put the longer path first")


RULE: Final = Rule(
    "RP201",
    "proxypass-shadowed",
    Severity.ERROR,
    "a ProxyPass behind one with a shorter path",
    check,
)
