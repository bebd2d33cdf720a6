"""What rules ask of origins: every URL that requests are sent to, whatever line names it."""

from __future__ import annotations

from collections.abc import Iterator

from revproxy.errors import Location
from revproxy.lint.mappings import Origin, origin_of, passes
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Line, ServerLines
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that requests go to, the line and the word that name it."""

    line: Line
    url: str
    location: Location
    origin: Origin

    @property
    def host(self) -> str:
        """The host's name or address, without user and port, in lower case."""
        host = self.origin.authority.rpartition("@")[2]
        return host.rpartition("]")[0].lstrip("[") if "]" in host else host.partition(":")[0]

    @property
    def is_loopback(self) -> bool:
        host = self.host
        return host in ("localhost", "::1") or host.startswith("127.") or self.is_local_socket

    @property
    def is_local_socket(self) -> bool:
        return self.url.lower().startswith("unix:")


def targets(server: ServerLines) -> Iterator[Target]:
    """The URLs of ProxyPass, [P], BalancerMember and SetHandler lines, in no special order."""
    for entry in passes(server):
        yield from _target(entry.line, entry.target, entry.line.word(entry.target_word))
    for rewrite in rewrites(server):
        if rewrite.is_proxy:
            yield from _target(rewrite.line, rewrite.target, rewrite.line.word(1))
    for line in server.named("balancermember"):
        index = 1 if line.section is None else 0
        if index < len(line.values):
            yield from _target(line, line.values[index], line.word(index))
    for line in server.named("sethandler"):
        word = line.values[0] if line.values else ""
        if word.lower().startswith("proxy:"):
            yield from _target(line, word[6:], line.word(0))


def _target(line: Line, url: str, location: Location) -> Iterator[Target]:
    origin = origin_of(url)
    if origin is not None:
        yield Target(line, url, location, origin)


def is_proxying(server: ServerLines) -> bool:
    """Whether any line of it sends requests to an origin."""
    return next(targets(server), None) is not None
