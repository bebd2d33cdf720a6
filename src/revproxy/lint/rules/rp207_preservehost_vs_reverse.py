"""The origin is told the public name, so its redirects do not name the URL that is looked for.

With `ProxyPreserveHost On`, an origin redirects to `http://www.example.com/x`, which
`ProxyPassReverse /app http://b/` does not match: the path /app is lost. Where both paths are the
same nothing is lost, and nothing is said.

Add a ProxyPassReverse with the public name: `ProxyPassReverse /app http://www.example.com/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import origin_of
from revproxy.lint.rule import Finding, Rule, ServerLines, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        if not server.is_on("proxypreservehost"):
            continue
        found = [_parts(line.values) for line in server.in_force("proxypassreverse")]
        hosts = _hosts(server)
        for line in server.named("proxypassreverse"):
            parts = None if line.sections else _parts(line.values)
            if parts is None or parts[1] in hosts or _is_same(parts[0], parts[2]):
                continue
            if not any(other and other[0] == parts[0] and other[1] in hosts for other in found):
                yield Finding(
                    line.word(1),
                    f"the origin is told the public name and redirects to it, not to {parts[1]}",
                    f"add ProxyPassReverse {parts[0]} with the public name",
                )


def _parts(values: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Path, host and the URL's path; None where the line is not of that form."""
    origin = origin_of(values[1]) if len(values) > 1 else None
    if origin is None or origin.scheme not in ("http", "https"):
        return None
    return values[0], origin.authority.partition(":")[0], origin.path


def _hosts(server: ServerLines) -> set[str]:
    lines = server.in_force("servername", "serveralias")
    return {
        word.lower().rpartition("//")[2].partition(":")[0] for line in lines for word in line.values
    }


def _is_same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


RULE: Final = Rule(
    "RP207",
    "preservehost-vs-reverse",
    Severity.WARNING,
    "ProxyPreserveHost On, and a ProxyPassReverse of the origin's own name",
    check,
)
