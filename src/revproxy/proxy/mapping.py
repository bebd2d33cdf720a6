"""ProxyPass and ProxyPassMatch: from the path of a request to the URL at an origin.

Laws:
- The first entry that matches in file order wins, never the longest; `!` ends the search.
- A prefix matches by segment; the target is the origin's URL and the rest of the path, glued.
- The cost of a look-up grows with the depth of the path, not with the number of entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from revproxy.errors import Location
from revproxy.http.uri import merge_slashes, prefix_length
from revproxy.pattern import Pattern, substitute
from revproxy.records import dataclass
from revproxy.upstream.parameters import Parameters


@dataclass(frozen=True, slots=True)
class ProxyPass:
    """One ProxyPass or ProxyPassMatch. `target` is None for `!`."""

    path: str
    target: str | None
    pattern: Pattern | None = None
    parameters: Parameters = field(default_factory=Parameters)
    nocanon: bool = False
    noquery: bool = False
    interpolate: bool = False
    encoded: bool = False
    """mapping=encoded: compare the path as it was sent."""
    servlet: bool = False
    """mapping=servlet: compare without path parameters."""
    location: Location | None = field(default=None, compare=False)
    """Where it is written."""

    @property
    def is_dynamic(self) -> bool:
        """The origin is known only when the request is."""
        return self.pattern is not None or self.interpolate or self.target is None


@dataclass(slots=True)
class Match:
    """What a look-up found: the entry, and the target with what follows glued to it."""

    entry: ProxyPass
    base: str
    """The target without the rest of the path; all of it for a regex with groups."""
    rest: str


class Mapping:
    """The ProxyPass entries of a server, indexed.

    `usable` may skip an entry (ws:// for a request that does not upgrade).
    """

    def __init__(self, entries: Sequence[ProxyPass]) -> None:
        self.entries = tuple(entries)
        self._by_prefix: dict[str, int] = {}
        self._others: list[int] = []
        self._longest = 0
        for index, entry in enumerate(self.entries):
            if entry.pattern or entry.interpolate or entry.encoded or entry.servlet:
                self._others.append(index)
            else:
                prefix = merge_slashes(entry.path)
                self._by_prefix.setdefault(prefix, index)
                self._longest = max(self._longest, len(prefix))

    def taking(self, path: str, raw_path: str) -> list[ProxyPass]:
        """All entries that would take a path, for those who explain."""
        return [entry for entry in self.entries if match_entry(entry, path, raw_path)]

    def find(
        self,
        path: str,
        raw_path: str,
        interpolate: Callable[[str], str] | None = None,
    ) -> Match | None:
        """The entry for a decoded `path` that was sent as `raw_path`."""
        best = self._find_prefix(path)
        for index in self._others:
            if best is not None and index > best:
                break
            match = match_entry(self.entries[index], path, raw_path, interpolate)
            if match is not None:
                return match
        if best is None:
            return None
        return match_entry(self.entries[best], path, raw_path, interpolate)

    def _find_prefix(self, path: str) -> int | None:
        if "//" in path:
            path = merge_slashes(path)
        known = self._by_prefix
        best = known.get(path)
        end = path.rfind("/", 0, self._longest + 1)
        while end >= 0:
            for prefix in (path[: end + 1], path[:end]):
                index = known.get(prefix) if prefix else None
                if index is not None and (best is None or index < best):
                    best = index
            end = path.rfind("/", 0, end)
        return best


def match_entry(
    entry: ProxyPass,
    path: str,
    raw_path: str,
    interpolate: Callable[[str], str] | None = None,
) -> Match | None:
    """Try one entry."""
    subject = raw_path if entry.encoded else path
    if entry.servlet:
        return _match_servlet(entry, path)
    target = entry.target or ""
    if entry.pattern is not None:
        found = entry.pattern.search(subject)
        if found is None:
            return None
        base = substitute(target, found)
        unchanged = base == target
        return Match(entry, base, (raw_path if entry.nocanon else path) if unchanged else "")
    prefix = entry.path
    if entry.interpolate and interpolate is not None:
        prefix, target = interpolate(prefix), interpolate(target)
    length = prefix_length(subject, prefix)
    if not length:
        return None
    if entry.nocanon and prefix_length(raw_path, prefix) == length:
        return Match(entry, target, raw_path[length:])
    return Match(entry, target, subject[length:])


def _match_servlet(entry: ProxyPass, path: str) -> Match | None:
    """Compare without path parameters, which stay in what follows (mapping=servlet)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        bare = segment.partition(";")[0]
        if bare == "..":
            del kept[-1:]
        elif bare != ".":
            kept.append(segment)
    wanted = entry.path.rstrip("/").split("/")[1:]
    if [segment.partition(";")[0] for segment in kept[: len(wanted)]] != wanted:
        return None
    parameters = kept[len(wanted) - 1].partition(";")[2] if wanted else ""
    rest = "".join(f"/{segment}" for segment in kept[len(wanted) :])
    if entry.path.endswith("/"):
        rest = rest[1:]
    return Match(entry, entry.target or "", f";{parameters}{rest}" if parameters else rest)
