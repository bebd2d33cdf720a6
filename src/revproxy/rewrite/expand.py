"""Test strings and substitutions: text with references, compiled to closures.

Laws:
- `$N` is the rule's match, `%N` the last condition's, `%{NAME}` a variable, `${map:key|default}`
  a look-up whose key and default are templates themselves.
- `\\` keeps the next character; a `$` or `%` before anything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from revproxy.rewrite.maps import RewriteMap
from revproxy.rewrite.run import Part, Run
from revproxy.rewrite.variables import compile_variable

Escape = Callable[[str], str]
MapLookup = Callable[[str], RewriteMap]
"""From a name to its map."""


def compile_template(
    text: str, maps: MapLookup, escape: Escape | None = None, mark: Escape | None = None
) -> Part:
    """Compile a template; `escape` acts on its back-references, `mark` on all that is put in.

    Raises DirectiveError for a variable that is not implemented, KeyError for an unknown map.
    """
    parts: list[str | Part] = []
    position = 0
    while position < len(text):
        char = text[position]
        following = text[position + 1 : position + 2]
        if char == "\\" and following:
            parts.append(following)
            position += 2
        elif char in "$%" and following == "{":
            position = _braced(text, position, parts, maps, escape)
        elif char in "$%" and following.isascii() and following.isdigit():
            parts.append(_reference(char, int(following), escape))
            position += 2
        else:
            parts.append(char)
            position += 1
    if mark is not None:
        parts = [part if isinstance(part, str) else _marked(part, mark) for part in parts]
    return _joined(parts)


_MAP: Final = re.compile(r"\$\{([^}:|]*):")


def map_names(text: str) -> list[str]:
    """The maps that a template may look up in."""
    return _MAP.findall(text)


def own_marks(text: str) -> int:
    """How many question marks a template has outside of what is put in."""
    count = position = 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
            char = text[position : position + 1]
        elif char in "$%" and text.startswith("{", position + 1):
            position = _closing(text, position + 2) or position + 1
        count += char == "?"
        position += 1
    return count


def _marked(part: Part, mark: Escape) -> Part:
    return lambda run: mark(part(run))


def _braced(
    text: str, position: int, parts: list[str | Part], maps: MapLookup, escape: Escape | None
) -> int:
    """A `%{…}` or `${…}` at `position`; where it ends. Keys and defaults are escaped too."""
    end = _closing(text, position + 2)
    if end is None:
        parts.append(text[position : position + 2])
        return position + 2
    inner = text[position + 2 : end]
    if text[position] == "%":
        parts.append(compile_variable(inner))
        return end + 1
    colon = _outside(inner, ":")
    if colon is None:
        parts.append("${")
        return position + 2
    bar = _outside(inner, "|", colon + 1)
    key = inner[colon + 1 : bar]
    default = inner[bar + 1 :] if bar is not None else ""
    parts.append(
        _map_look_up(
            inner[:colon],
            maps(inner[:colon]),
            compile_template(key, maps, escape),
            compile_template(default, maps, escape),
        )
    )
    return end + 1


def _closing(text: str, start: int) -> int | None:
    """Where the brace closes that was opened before `start`."""
    return _outside(text, "}", start)


def _outside(text: str, wanted: str, start: int = 0) -> int | None:
    """The first `wanted` that stands in no inner braces."""
    depth = 0
    index = start
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif char == wanted and depth == 0:
            return index
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        index += 1
    return None


def _reference(kind: str, number: int, escape: Escape | None) -> Part:
    if kind == "$":

        def of_rule(run: Run) -> str:
            match = run.rule_match
            if match is None or number > match.re.groups:
                return ""
            found = match[number] or ""
            return escape(found) if escape is not None else found

        return of_rule

    def of_condition(run: Run) -> str:
        match = run.condition_match
        if match is None or number > match.re.groups:
            return ""
        found = match[number] or ""
        return escape(found) if escape is not None else found

    return of_condition


def _map_look_up(name: str, table: RewriteMap, key: Part, default: Part) -> Part:
    look_up = table.look_up

    def value(run: Run) -> str:
        wanted = key(run)
        found = look_up(wanted, run.exchange)
        if run.log is not None:
            outcome = "FAILED" if found is None else "OK"
            text = f"map lookup {outcome}: map={name}{table.kind} key={wanted}"
            run.log(5, text if found is None else f"{text} -> val={found}")
        return default(run) if found is None else found

    return value


def _joined(parts: list[str | Part]) -> Part:
    merged: list[str | Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    if not merged:
        return lambda _run: ""
    if len(merged) == 1:
        only = merged[0]
        return _constant(only) if isinstance(only, str) else only
    if len(merged) == 2:
        return _pair(*merged)
    renders = tuple(_constant(part) if isinstance(part, str) else part for part in merged)
    return lambda run: "".join([render(run) for render in renders])


def _pair(first: str | Part, second: str | Part) -> Part:
    if isinstance(first, str):
        assert not isinstance(second, str)
        return lambda run: first + second(run)
    if isinstance(second, str):
        return lambda run: first(run) + second
    return lambda run: first(run) + second(run)


def _constant(text: str) -> Part:
    return lambda _run: text
