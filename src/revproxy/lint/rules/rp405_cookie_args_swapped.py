"""The origin's path comes first, the public one second.

With `ProxyPass /app http://b/x`, `ProxyPassReverseCookiePath /app /x` changes no cookie of the
origin, as those are for /x. The same holds for ProxyPassReverseCookieDomain.

Swap the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Edit, Fix, Severity
from revproxy.lint.mappings import Origin, Pass, origin_of, passes
from revproxy.lint.rule import Finding, Line, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        entries = [
            (entry, origin)
            for entry in passes(server)
            if (origin := origin_of(entry.target)) is not None and not entry.is_regex
        ]
        for line in server.named("proxypassreversecookiepath", "proxypassreversecookiedomain"):
            if len(line.values) < 2:
                continue
            first, second = line.values[:2]
            if line.key.endswith("path"):
                is_swapped = _path_is_swapped(first, second, entries)
            else:
                is_swapped = _domain_is_swapped(first, second, entries, server)
            if is_swapped:
                yield Finding(
                    line.word(0),
                    f"the origin's comes first: {second} {first}",
                    "swap the two",
                    fix=_swapped(line),
                )


def _swapped(line: Line) -> Fix | None:
    first, second = line.word(0), line.word(1)
    if first.line != second.line:
        return None
    one, two = (place.source[place.column - 1 : place.end_column - 1] for place in (first, second))
    return Fix((Edit(first, two), Edit(second, one)))


def _path_is_swapped(first: str, second: str, entries: list[tuple[Pass, Origin]]) -> bool:
    public = {entry.path.rstrip("/") or "/" for entry, _ in entries}
    inner = {origin.path.rstrip("/") or "/" for _, origin in entries}
    one, two = first.rstrip("/") or "/", second.rstrip("/") or "/"
    pairs = {
        (entry.path.rstrip("/") or "/", origin.path.rstrip("/") or "/") for entry, origin in entries
    }
    return (one, two) in pairs and one != two and one not in inner and two not in public


def _domain_is_swapped(
    first: str, second: str, entries: list[tuple[Pass, Origin]], server: ServerLines
) -> bool:
    hosts = {origin.authority.partition(":")[0] for _, origin in entries}
    names = {word.lower() for line in server.named("servername") for word in line.values}
    one, two = first.lower(), second.lower()
    return two in hosts and one in names and one not in hosts and two not in names


RULE: Final = Rule(
    "RP405",
    "cookie-args-swapped",
    Severity.ERROR,
    "the arguments of ProxyPassReverseCookiePath the wrong way round",
    check,
)
