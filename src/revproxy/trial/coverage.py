"""Which lines of a configuration the cases touched, and which none did.

A line is
- "acted": it decided something for a request: a section covered it, a mapping won, a rule matched,
  a condition held, a header directive ran, an access line answered;
- "in force": it is a setting (`ProxyPreserveHost`), and where it stands a request was served. That
  it made a difference is not known;
- "looked at": it was tried and never acted: a pattern that never matched, a condition that never
  held, a mapping that another one hides;
- "untouched": no request came to it.

Laws:
- The first two count as touched, the others do not.
- What concerns no single request (Listen, User, logs, timeouts, certificates) is not counted.
- A line that several macros or includes bring is one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from revproxy.config.catalogue import SERVED_HERE, catalogue
from revproxy.config.merge import SECTION_KINDS
from revproxy.config.tree import Configuration, Directive
from revproxy.errors import Location
from revproxy.explain.story import Story
from revproxy.lint.report import readable
from revproxy.records import dataclass

Key: TypeAlias = tuple[str, int]
"""File and line."""

ACTED: Final = "acted"
IN_FORCE: Final = "in force"
LOOKED_AT: Final = "looked at"
UNTOUCHED: Final = "untouched"
TOUCHED: Final = (ACTED, IN_FORCE)

DECIDING: Final = frozenset(
    (
        *("rewriterule", "rewritecond", "proxypass", "proxypassmatch", "proxypassreverse"),
        *(
            "proxypassreversecookiedomain",
            "proxypassreversecookiepath",
            "redirect",
            "redirectmatch",
        ),
        *("redirectpermanent", "redirecttemp", "alias", "aliasmatch", "header", "requestheader"),
        *("setenvif", "setenvifnocase", "setenvifexpr", "browsermatch", "browsermatchnocase"),
        *("require", "order", "allow", "deny", "errordocument", "proxyhtmlurlmap"),
    )
)
"""The directives that tell of each time they are looked at."""

_GROUPS: Final = frozenset(("limit", "limitexcept", "requireall", "requireany", "requirenone"))
_UNCOUNTED_MODULES: Final = frozenset(
    (
        *("mpm_common", "event", "worker", "prefork", "mod_unixd", "mod_so", "mod_macro"),
        *("mod_log_config", "mod_logio", "mod_reqtimeout", "mod_dbd", "mod_ssl", "mpm_trio"),
    )
)
_UNCOUNTED: Final = frozenset(
    (
        *("errorlog", "errorlogformat", "loglevel", "timeout", "keepalive", "keepalivetimeout"),
        *("maxkeepaliverequests", "serverroot"),
    )
)
_COUNTED: Final = frozenset(
    ("sslengine", "sslproxyengine", "sslrequire", "sslrequiressl", "ssloptions", "requestrate")
)
"""What concerns requests, of modules that else do not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that counts, and what became of it."""

    place: Location
    name: str
    state: str
    times: int
    """Requests it acted for, or was in force for."""


class Coverage:
    """What the stories of some cases have touched of a configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._acted: Counter[Key] = Counter()
        self._looked_at: set[Key] = set()
        self._stories = 0

    def add(self, stories: Iterable[Story]) -> None:
        """Count what some stories touched."""
        for story in stories:
            self._stories += 1
            acted = {_key(place) for place in story.covered}
            if story.host_place is not None:
                acted.add(_key(story.host_place))
            for step in story.steps:
                # What may be any of several lines is no evidence for one of them.
                if len(step.places) == 1:
                    (self._looked_at, acted)[step.acted].add(_key(step.places[0]))
            self._acted.update(acted)

    def lines(self) -> list[Line]:
        """All lines that count, by file and line."""
        return _best(self._walk(self._configuration.directives, self._stories))

    def _walk(self, directives: Iterable[Directive], served: int) -> Iterator[Line]:
        """The lines of a place where so many requests were served."""
        for directive in directives:
            if directive.refused or not _counts(directive):
                continue
            times = self._acted[_key(directive.location)]
            if directive.children is None:
                yield self._line(directive, served)
            elif directive.key in _GROUPS:
                inner = list(self._walk(directive.children, served))
                reached = max((line.times for line in inner if line.state == ACTED), default=0)
                yield Line(directive.location, directive.name, _state(reached), reached)
                yield from inner
            else:
                yield Line(directive.location, directive.name, _state(times), times)
                yield from self._walk(directive.children, times)

    def _line(self, directive: Directive, served: int) -> Line:
        place, name = directive.location, directive.name
        if not _decides(directive):
            return Line(place, name, IN_FORCE if served else UNTOUCHED, served)
        times = self._acted[_key(place)]
        if times:
            return Line(place, name, ACTED, times)
        return Line(place, name, LOOKED_AT if _key(place) in self._looked_at else UNTOUCHED, 0)


def merged(coverages: Iterable[Coverage]) -> list[Line]:
    """The lines of a configuration that was read in several ways, each as it was touched most."""
    return _best(line for coverage in coverages for line in coverage.lines())


def _best(lines: Iterable[Line]) -> list[Line]:
    found: dict[Key, Line] = {}
    for line in lines:
        key = _key(line.place)
        known = found.get(key)
        if known is None or _rank(line) > _rank(known):
            found[key] = line
    return sorted(found.values(), key=lambda line: _key(line.place))


def _key(place: Location) -> Key:
    return place.file, place.line


def _state(times: int) -> str:
    return ACTED if times else UNTOUCHED


_ORDER: Final = (UNTOUCHED, LOOKED_AT, IN_FORCE, ACTED)


def _rank(line: Line) -> tuple[int, int]:
    return _ORDER.index(line.state), line.times


def _decides(directive: Directive) -> bool:
    words = [word.lower() for word in directive.values]
    if directive.key == "require":
        # Where all is granted nobody is asked.
        return words != ["all", "granted"]
    if directive.key == "errordocument":
        return words[1:] != ["default"]
    return directive.key in DECIDING


def _counts(directive: Directive) -> bool:
    key = directive.key
    if key in SECTION_KINDS or key in _GROUPS or key == "virtualhost" or key in _COUNTED:
        return True
    entry = catalogue().directives.get(key)
    return (
        entry is not None
        and not entry.inert
        and entry.module not in _UNCOUNTED_MODULES
        and key not in _UNCOUNTED
        and key not in SERVED_HERE
    )


# What is told.


def share(lines: Iterable[Line]) -> float:
    """The part that is touched, from 0 to 1; 1 of nothing."""
    counted = [line.state in TOUCHED for line in lines]
    return sum(counted) / len(counted) if counted else 1.0


def as_data(lines: list[Line]) -> dict[str, Any]:
    """The coverage as JSON has it."""
    files: dict[str, list[Line]] = {}
    for line in lines:
        files.setdefault(line.place.file, []).append(line)
    return {
        "share": round(share(lines), 4),
        "lines": len(lines),
        "touched": sum(line.state in TOUCHED for line in lines),
        "files": [
            {
                "file": readable(name),
                "share": round(share(found), 4),
                "lines": [
                    {
                        "line": line.place.line,
                        "directive": line.name,
                        "text": readable(line.place.source.strip()),
                        "state": line.state,
                        "times": line.times,
                    }
                    for line in found
                ],
            }
            for name, found in files.items()
        ],
    }


def as_text(lines: list[Line]) -> Iterator[str]:
    """The coverage as text, without its end of lines."""
    touched = [line for line in lines if line.state in TOUCHED]
    acted = sum(line.state == ACTED for line in touched)
    yield (
        f"Coverage: {len(touched)} of {len(lines)} lines ({share(lines):.0%}): "
        f"{acted} acted, {len(touched) - acted} in force"
    )
    names = list(dict.fromkeys(line.place.file for line in lines))
    if len(names) > 1:
        for name in names:
            own = [line for line in lines if line.place.file == name]
            part = sum(line.state in TOUCHED for line in own)
            yield f"  {readable(name)}: {part} of {len(own)} lines ({share(own):.0%})"
    for state, title in ((LOOKED_AT, "looked at, and never acted"), (UNTOUCHED, "never touched")):
        found = [line for line in lines if line.state == state]
        if found:
            yield f"  {title}"
        for line in found:
            source = readable(line.place.source.strip())
            yield f"    {readable(line.place.file)}:{line.place.line}: {source}"
