"""What rules ask of ProxyPass lines: which path goes to which origin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Final

from revproxy.config.tree import Directive
from revproxy.lint.rule import Line, ServerLines
from revproxy.records import dataclass

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>.*)"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A URL taken apart as far as rules need it."""

    scheme: str
    authority: str
    path: str


def origin_of(text: str) -> Origin | None:
    """The parts of a URL, `unix:` before it left out; None for what is none."""
    if text.lower().startswith("unix:"):
        text = text.partition("|")[2]
    match = _URL.fullmatch(text)
    if match is None:
        return None
    return Origin(match["scheme"].lower(), match["authority"].lower(), match["path"])


@dataclass(frozen=True, slots=True)
class Pass:
    """A ProxyPass or ProxyPassMatch. `target` is "!" for an exclusion."""

    line: Line
    path: str
    """The prefix, or the regex of a Match; in a section, the section's."""
    target: str
    is_regex: bool
    path_word: int | None
    """The index of the path among the arguments; None where the section gives it."""
    parameters: tuple[str, ...]

    @property
    def target_word(self) -> int:
        return 0 if self.path_word is None else self.path_word + 1


def passes(server: ServerLines) -> Iterator[Pass]:
    """A server's own ProxyPass lines, in file order."""
    for line in server.named("proxypass", "proxypassmatch"):
        found = _pass(line)
        if found is not None:
            yield found


def _pass(line: Line) -> Pass | None:
    words = line.values
    section = line.section
    if section is not None and section.key in ("location", "locationmatch"):
        if not words:
            return None
        path, is_regex = location_path(section)
        return Pass(line, path, words[0], is_regex, None, words[1:])
    if len(words) < 2:
        return None
    return Pass(line, words[0], words[1], line.key == "proxypassmatch", 0, words[2:])


def location_path(section: Directive) -> tuple[str, bool]:
    """The path of a `<Location>`, and whether it is a regex."""
    words = section.values
    if section.key == "locationmatch":
        return words[0] if words else "", True
    if words[:1] == ("~",):
        return words[1] if len(words) > 1 else "", True
    return words[0] if words else "", False


def covers(prefix: str, path: str) -> bool:
    """Whether every URL below `path` is below `prefix` too, as ProxyPass compares."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or len(path) == len(prefix) or path[len(prefix)] == "/"


@dataclass(slots=True)
class Prefixes:
    """Entries with constant prefixes in file order, to ask which takes a path first."""

    _first: dict[str, tuple[int, Pass]] = field(default_factory=dict)

    def add(self, entry: Pass) -> None:
        """One entry more, behind all others."""
        self._first.setdefault(entry.path, (len(self._first), entry))

    def taking(self, path: str) -> Pass | None:
        """The first entry that covers all URLs below a path, None where none does."""
        slashes = [index for index, char in enumerate(path) if char == "/"]
        prefixes = {path, *(path[:at] for at in slashes), *(path[: at + 1] for at in slashes)}
        found = [self._first[prefix] for prefix in prefixes if prefix in self._first]
        return min(found, key=lambda item: item[0])[1] if found else None


def taker(entries: list[Pass], path: str | None) -> Pass | None:
    """The ProxyPass that surely takes all URLs below a path, None for none.

    A path of None stands for one that only a regex knows: `ProxyPass /` alone has that.
    """
    wanted = "/" if path is None else path
    for entry in entries:
        if entry.is_regex or "interpolate" in entry.parameters:
            return None
        if entry.target == "!":
            if path is None or covers(entry.path, wanted) or covers(wanted, entry.path):
                return None
        elif covers(entry.path, wanted):
            upgrades_only = entry.target.lower().startswith(("ws:", "wss:"))
            return None if upgrades_only else entry
    return None
