"""A ProxyPassReverse that is about another path or a host spelled differently than the ProxyPass.

Told are likely slips alone: a host that differs by a letter or two, and the very URL of a
ProxyPass under a path that is none of its own.

Give both lines the same path and URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, covers, origin_of, passes
from revproxy.lint.rule import Finding, Line, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = [entry for entry in passes(server) if entry.target != "!"]
        known = {
            name.lower()
            for line in server.named("servername", "serveralias")
            for name in line.values
        }
        for line in server.named("proxypassreverse"):
            found = (
                None if line.sections or len(line.values) < 2 else _finding(line, entries, known)
            )
            if found is not None:
                yield found


def _finding(line: Line, entries: list[Pass], known: set[str]) -> Finding | None:
    path, url = line.values[0], line.values[1]
    origin = origin_of(url)
    if origin is None or "$" in url or any(entry.is_regex for entry in entries):
        return None
    hosts = {
        other.authority
        for other in (origin_of(entry.target) for entry in entries)
        if other is not None
    }
    host = origin.authority
    if hosts and host not in hosts and host.partition(":")[0] not in known:
        near = next((other for other in hosts if _is_slip(host, other)), None)
        if near is not None:
            return Finding(line.word(1), f"no ProxyPass goes to {host}", f"did you mean {near}?")
    same = [entry for entry in entries if entry.target.rstrip("/") == url.rstrip("/")]
    fits = [entry for entry in same if covers(path, entry.path) or covers(entry.path, path)]
    if same and not fits:
        return Finding(
            line.word(0),
            f"no ProxyPass of {path} goes to {url}",
            f"did you mean {same[0].path}?",
            ((same[0].line.location, "goes there from another path"),),
        )
    return None


def _is_slip(one: str, other: str) -> bool:
    """Whether two hosts differ by little, and not in digits: those tell members of a kind."""
    letters = [char for char in one if not char.isdigit()]
    if letters == [char for char in other if not char.isdigit()]:
        return False
    from difflib import SequenceMatcher

    return len(one) > 5 and SequenceMatcher(None, one, other).ratio() > 0.9


RULE: Final = Rule(
    "RP206",
    "reverse-mismatch",
    Severity.WARNING,
    "a ProxyPassReverse that fits no ProxyPass",
    check,
)
