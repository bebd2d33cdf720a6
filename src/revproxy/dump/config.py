"""The configuration in force: all lines as read, or what is left of them for one request.

Laws:
- Every line is shown with its place, includes, macros, conditions and variables written out.
- For a request the levels are those that the server merges: main server, virtual host, sections.
  A line that a later one takes out of force is told with the line that does it.
- Whether it does is asked of the modules that parse and merge the lines, not of a table of names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from revproxy.config.merge import SECTION_KINDS, Section, ServerConfig
from revproxy.config.sections import methods_of
from revproxy.config.tree import Directive
from revproxy.dump.places import place, shown
from revproxy.errors import DirectiveError, Location
from revproxy.module import Module, Parser, Scope, merge_settings
from revproxy.plan.load import Loaded
from revproxy.records import dataclass

_LIMITS: Final = ("limit", "limitexcept")
_WITH_NEXT: Final = {"rewritecond": "rewriterule"}
"""Lines that belong to the next one of a name, and fall with it."""
_PLAIN: Final = (str, int, float, bool, frozenset, type(None))


@dataclass(slots=True)
class Line:
    """A directive at its level, and the line that takes it out of force."""

    directive: Directive
    scope: Scope
    limit: Directive | None = None
    """The `<Limit>` or `<LimitExcept>` around it."""
    settings: dict[str, Any] = field(default_factory=dict)
    """By module: what it says alone."""
    hidden_by: Location | None = None


@dataclass(slots=True)
class Level:
    """The main server, a virtual host or a section."""

    title: str
    location: Location | None
    settings: Mapping[str, Any]
    lines: list[Line]


class Effective:
    """The levels of one request, outermost first."""

    def __init__(
        self, loaded: Loaded, host: ServerConfig | None, sections: Sequence[Section]
    ) -> None:
        self._parsers = _parsers(loaded)
        scope = Scope(server_root=loaded.configuration.server_root)
        plain = [
            item
            for item in loaded.configuration.directives
            if item.key != "virtualhost" and item.key not in SECTION_KINDS
        ]
        main = loaded.main
        self.levels = [Level("main server", None, main.settings, list(self._lines(plain, scope)))]
        if host is not None and host.directive is not None:
            inside = dataclasses.replace(scope, virtual=True)
            self._add(host.directive, host.settings, inside)
        for section in sections:
            self._add(section.directive, section.settings, section.scope)
        for index, level in enumerate(self.levels):
            self._hide(level, self.levels[index + 1 :])

    def _add(self, directive: Directive, settings: Mapping[str, Any], scope: Scope) -> None:
        lines = list(self._lines(directive.children or (), scope))
        self.levels.append(Level(_tag(directive), directive.location, settings, lines))

    def _lines(
        self, directives: Iterable[Directive], scope: Scope, limit: Directive | None = None
    ) -> Iterator[Line]:
        for directive in directives:
            if directive.refused or directive.key in SECTION_KINDS:
                continue
            if directive.key in _LIMITS:
                limited = dataclasses.replace(
                    scope,
                    methods=methods_of(directive),
                    methods_excepted=directive.key == "limitexcept",
                )
                yield from self._lines(directive.children or (), limited, directive)
                continue
            line = Line(directive, scope, limit)
            for module, parser in self._parsers.get(directive.key, ()):
                alone = _parsed(module.settings(), parser, line)
                if alone is not None:
                    line.settings[module.name] = alone
            yield line

    def _hide(self, level: Level, inner: Sequence[Level]) -> None:
        """Mark the level's lines that later ones of it, or those of inner levels, overrule."""
        later: dict[str, Line] = {}
        similar: dict[tuple[str, ...], Line] = {}
        for line in reversed(level.lines):
            key = line.directive.key
            word = (key, *line.directive.values[:1])
            if key in _WITH_NEXT:
                following = later.get(_WITH_NEXT[key])
                line.hidden_by = following.hidden_by if following is not None else None
            else:
                for other in (later.get(key), similar.get(word)):
                    if other is not None and self._replaces(line, other):
                        line.hidden_by = other.directive.location
                line.hidden_by = line.hidden_by or self._overruled(line, inner)
            if key in _WITH_NEXT.values():
                later[key] = line
            else:
                later.setdefault(key, line)
            similar[word] = line

    def _replaces(self, line: Line, other: Line) -> bool:
        """Whether nothing of a line is left when another of its level is read behind it."""
        if line.limit is not other.limit:
            return False
        told = False
        for module, parser in self._parsers.get(other.directive.key, ()):
            before = line.settings.get(module.name)
            alone = other.settings.get(module.name)
            if before is None or alone is None:
                continue
            after = _parsed(before, parser, other)
            if after is None or _is_left(before, after, alone):
                return False
            told = told or before != module.settings()
        return told

    def _overruled(self, line: Line, inner: Sequence[Level]) -> Location | None:
        """The line of an inner level after which nothing is left of this one."""
        own = {
            name: settings
            for name, settings in line.settings.items()
            if settings != type(settings)()
        }
        if not own:
            return None
        for level in inner:
            if all(
                name in level.settings
                and merge_settings(settings, level.settings[name]) == level.settings[name]
                for name, settings in own.items()
            ):
                return _who(line, level, own)
        return None


def _who(line: Line, level: Level, own: Mapping[str, Any]) -> Location | None:
    """The last line of the level that speaks of the same, else where the level begins."""
    for other in reversed(level.lines):
        if other.directive.key == line.directive.key:
            return other.directive.location
    for other in reversed(level.lines):
        if not own.keys().isdisjoint(other.settings):
            return other.directive.location
    return level.location


def _parsers(loaded: Loaded) -> dict[str, list[tuple[Module, Parser]]]:
    found: dict[str, list[tuple[Module, Parser]]] = {}
    configuration = loaded.configuration
    for module in loaded.modules:
        if configuration.whole and module.name not in configuration.loaded:
            continue
        for name, parser in module.directives.items():
            found.setdefault(name.lower(), []).append((module, parser))
    return found


def _parsed(before: Any, parser: Callable[..., Any], line: Line) -> Any:
    """The settings with the line; None for one that the parser refuses."""
    try:
        return parser(before, line.directive, line.scope)
    except DirectiveError:
        return None


def _is_left(before: Any, after: Any, alone: Any) -> bool:
    """Whether `after`, which follows on `before`, says more than `alone` because of it."""
    blank = type(before)()
    for item in dataclasses.fields(before):
        old, new = getattr(before, item.name), getattr(after, item.name)
        if old == getattr(blank, item.name) or new == getattr(alone, item.name):
            continue
        if _holds(old, new):
            return True
    return False


def _holds(old: Any, new: Any) -> bool:
    """Whether something of `old` is in `new`."""
    if old is new or old == new:
        return True
    if isinstance(old, tuple) and isinstance(new, tuple):
        return any(item is other or item == other for item in old for other in new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(key in new and _holds(value, new[key]) for key, value in old.items())
    if dataclasses.is_dataclass(old) and type(old) is type(new):
        return any(
            getattr(old, item.name) not in (None, (), "")
            and _holds(getattr(old, item.name), getattr(new, item.name))
            for item in dataclasses.fields(old)
        )
    return not isinstance(old, _PLAIN)


def _tag(directive: Directive) -> str:
    return f"<{directive.name}{f' {directive.raw}' if directive.raw else ''}>"


def _written(directive: Directive, indent: str) -> Iterator[tuple[Location, str]]:
    """The text of a directive, a section's with what is in it."""
    if directive.children is None:
        yield directive.location, f"{indent}{directive.name} {directive.raw}".rstrip()
        return
    yield directive.location, f"{indent}{_tag(directive)}"
    for child in directive.children:
        yield from _written(child, f"{indent}  ")
    yield directive.location, f"{indent}</{directive.name}>"


def all_text(loaded: Loaded) -> Iterator[str]:
    """Every line that was read, with its place."""
    for directive in loaded.configuration.directives:
        for location, text in _written(directive, ""):
            yield f"{shown(location)}: {text}"


def all_data(loaded: Loaded) -> dict[str, Any]:
    """The same for programs."""
    return {"lines": [_tree(directive) for directive in loaded.configuration.directives]}


def _tree(directive: Directive) -> dict[str, Any]:
    data = {"name": directive.name, "arguments": directive.raw, **place(directive.location)}
    if directive.children is not None:
        data["lines"] = [_tree(child) for child in directive.children]
    return data


def as_text(effective: Effective) -> Iterator[str]:
    """The levels with their lines; what is not in force is marked with `#`."""
    for level in effective.levels:
        where = f"  {shown(level.location)}" if level.location is not None else ""
        yield f"# {level.title}{where}"
        for line in level.lines:
            for location, text in _written(line.directive, "  "):
                limit = f"{_tag(line.limit)} " if line.limit is not None else ""
                if line.hidden_by is None:
                    yield f"{shown(location)}: {limit}{text}"
                else:
                    yield (
                        f"# {shown(location)}: {limit}{text}"
                        f"  (overruled by {shown(line.hidden_by)})"
                    )


def as_data(effective: Effective) -> dict[str, Any]:
    """The same for programs."""
    return {
        "levels": [
            {
                "section": level.title,
                **place(level.location),
                "lines": [
                    {
                        **_tree(line.directive),
                        "limit": _tag(line.limit) if line.limit is not None else None,
                        "overruled_by": place(line.hidden_by) if line.hidden_by else None,
                    }
                    for line in level.lines
                ],
            }
            for level in effective.levels
        ]
    }
