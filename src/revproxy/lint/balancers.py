"""What rules ask of balancers: their members and parameters, wherever these are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from revproxy.errors import Location
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Line, Subject
from revproxy.records import dataclass


@dataclass(slots=True)
class Balancer:
    """A balancer by its URL, as `<Proxy balancer://x>` or BalancerMember names it."""

    location: Location
    members: list[Line] = field(default_factory=list)
    words: list[tuple[str, Location]] = field(default_factory=list)
    """The parameters, as written."""

    def parameter(self, name: str) -> Location | None:
        """Where a parameter is set, None where it is not."""
        for word, location in self.words:
            if word.lower().startswith(f"{name}="):
                return location
        return None


def balancers(subject: Subject) -> Iterator[Balancer]:
    """All balancers that have a `<Proxy>` or a BalancerMember."""
    found: dict[tuple[int, str], Balancer] = {}
    for server in subject.servers:
        for line in server.named("proxy"):
            words = line.values
            if words and words[0].lower().startswith("balancer:"):
                balancer = found.setdefault((id(server), _name(words[0])), Balancer(line.location))
                _words(balancer, line, 1)
        for line in server.named("balancermember", "proxyset"):
            _add(found, line)
    for server in subject.servers:
        for entry in passes(server):
            for owner in (server, server.outer):
                known = found.get((id(owner), _name(entry.target)))
                if known is not None:
                    _words(known, entry.line, entry.target_word + 1)
    yield from found.values()


def _add(found: dict[tuple[int, str], Balancer], line: Line) -> None:
    section = line.section
    if section is not None and section.key == "proxy" and section.values:
        name, first = section.values[0], 0
    elif line.values:
        name, first = line.values[0], 1
    else:
        return
    if not name.lower().startswith("balancer:"):
        return
    key = (id(line.server), _name(name))
    balancer = found.setdefault(key, Balancer(line.location))
    if line.key == "balancermember":
        balancer.members.append(line)
    else:
        _words(balancer, line, first)


def _words(balancer: Balancer, line: Line, first: int) -> None:
    balancer.words += ((word, line.word(first + i)) for i, word in enumerate(line.values[first:]))


def _name(url: str) -> str:
    return url.lower().partition("://")[2].partition("/")[0] if "balancer:" in url.lower() else ""
