"""Edits of a field table, and programs of them that cost little where nothing varies.

Laws:
- An edit has the effect on order and spelling that `apr_table_t` gives it: a field that is set
  keeps its place and the spelling of its name; an edited one moves to the end.
- A run of edits whose outcome depends on the table alone is computed once for each table seen,
  and costs little for a new one.
- No edit can put a control character into a field: the response becomes a 500, as in Apache.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from revproxy.errors import HTTPError, Location
from revproxy.headers.value import Value
from revproxy.http.fields import Field, Fields, field_name, make_field
from revproxy.http.message import Exchange
from revproxy.pattern import Pattern
from revproxy.records import dataclass

Items = list[Field]
Run = Callable[[Items, Exchange], None]
Condition = Callable[[Exchange], bool]
Step = Callable[[Fields, Exchange], None]

_MEMO_ENTRIES: Final = 256
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One Header or RequestHeader directive, compiled."""

    action: str
    name: str
    run: Run
    source: str
    """The directive as written, for those who explain."""
    is_pure: bool
    """The outcome depends on the table alone."""
    condition: Condition | None = None
    location: Location | None = None
    """Where it is written."""

    @property
    def key(self) -> str:
        return self.name.lower()


def compile_edit(
    action: str,
    name: str,
    source: str,
    location: Location | None = None,
    *,
    value: Value | None = None,
    pattern: Pattern | None = None,
    condition: Condition | None = None,
) -> Edit:
    """The edit that `action` names (in lower case), with what it needs."""
    key = name.lower()
    if action == "unset":
        run = _unset(key)
    elif action == "echo":
        assert pattern is not None
        run = _echo(pattern)
    elif action == "note":
        assert value is not None
        run = _note(key, value)
    elif action in ("edit", "edit*"):
        assert value is not None
        assert pattern is not None
        run = _edit(key, pattern, value, every=action == "edit*")
    else:
        assert value is not None
        run = _RUNS[action](name, value)
    is_pure = (
        condition is None
        and action not in ("echo", "note")
        and (value is None or value.constant is not None)
    )
    return Edit(action, name, run, source, is_pure, condition, location)


def is_safe(text: str) -> bool:
    """Whether text may stand in a field's value."""
    return _CONTROLS(text) is None


def _checked(text: str) -> str:
    if _CONTROLS(text) is not None:
        raise HTTPError(500, "a Header directive made a value with invalid characters")
    return text


def _respelled(old: Field, value: str) -> Field:
    return make_field(field_name(old), value)


def put(items: Items, new: Field) -> None:
    """Have exactly one field of this name, as `apr_table_set`."""
    key = new[0]
    places = [index for index, item in enumerate(items) if item[0] == key]
    if not places:
        items.append(new)
        return
    first = places[0]
    spelled = items[first][2].startswith(new[2][: len(key)])
    items[first] = new if spelled else _respelled(items[first], new[1])
    for index in reversed(places[1:]):
        del items[index]


def _fielder(name: str, value: Value) -> Callable[[Exchange], Field]:
    if value.constant is not None:
        field = make_field(name, value.constant)
        return lambda _exchange: field
    render = value.render
    return lambda exchange: make_field(name, _checked(render(exchange)))


def _set(name: str, value: Value) -> Run:
    make = _fielder(name, value)
    return lambda items, exchange: put(items, make(exchange))


def _add(name: str, value: Value) -> Run:
    make = _fielder(name, value)
    return lambda items, exchange: items.append(make(exchange))


def _set_if_empty(name: str, value: Value) -> Run:
    make, key = _fielder(name, value), name.lower()

    def run(items: Items, exchange: Exchange) -> None:
        if not any(item[0] == key for item in items):
            items.append(make(exchange))

    return run


def _append(name: str, value: Value) -> Run:
    return _join(name, value, unless_listed=False)


def _merge(name: str, value: Value) -> Run:
    return _join(name, value, unless_listed=True)


def _join(name: str, value: Value, *, unless_listed: bool) -> Run:
    make, key = _fielder(name, value), name.lower()

    def run(items: Items, exchange: Exchange) -> None:
        new = make(exchange)
        for index, item in enumerate(items):
            if item[0] == key:
                if not (unless_listed and new[1] in _tokens(item[1])):
                    items[index] = _respelled(item, f"{item[1]}, {new[1]}")
                return
        items.append(new)

    return run


_TOKEN: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^",])+', re.DOTALL)


def _tokens(text: str) -> list[str]:
    return [token.strip() for token in _TOKEN.findall(text)]


_RUNS: Final[dict[str, Callable[[str, Value], Run]]] = {
    "set": _set,
    "add": _add,
    "append": _append,
    "merge": _merge,
    "setifempty": _set_if_empty,
}


def _unset(key: str) -> Run:
    def run(items: Items, _exchange: Exchange) -> None:
        if any(item[0] == key for item in items):
            items[:] = [item for item in items if item[0] != key]

    return run


def _note(key: str, value: Value) -> Run:
    def run(items: Items, exchange: Exchange) -> None:
        for item in items:
            if item[0] == key:
                exchange.notes[value.render(exchange)] = item[1]
                return

    return run


def _echo(pattern: Pattern) -> Run:
    def run(items: Items, exchange: Exchange) -> None:
        items += [item for item in exchange.fields.items if pattern.search(field_name(item))]

    return run


def _edit(key: str, pattern: Pattern, value: Value, *, every: bool) -> Run:
    edited = editor(pattern, value, every=every)

    def run(items: Items, exchange: Exchange) -> None:
        ours = [item for item in items if item[0] == key]
        if ours:
            items[:] = [item for item in items if item[0] != key]
            for item in ours:
                new = edited(item[1], exchange)
                items.append(item if new == item[1] else _respelled(item, _checked(new)))

    return run


def editor(pattern: Pattern, value: Value, *, every: bool) -> Callable[[str, Exchange], str]:
    """What `edit` (the first match) or `edit*` (every match) makes of a text."""

    def edited(text: str, exchange: Exchange) -> str:
        match = pattern.search(text)
        if match is None:
            return text
        template = value.render(exchange)
        done: list[str] = []
        while match is not None:
            done += (text[: match.start()], _expand(template, match))
            text = text[match.end() :]
            if not every:
                break
            if match.end() == match.start():
                # An empty match: one octet goes on as it is (Apache would never end here).
                done.append(text[:1])
                text = text[1:]
            # Apache looks at the rest as a text of its own, so `^` matches again.
            match = pattern.search(text) if text else None
        done.append(text)
        return "".join(done)

    return edited


_REFERENCE: Final = re.compile(r"\$([0-9])|\\(.)", re.DOTALL)


def _expand(template: str, match: re.Match[str]) -> str:
    """`$0` to `$9` replaced by the match's groups; a backslash takes a character as it is."""
    if "$" not in template and "\\" not in template:
        return template

    def replace(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[2]
        group = int(found[1])
        return (match[group] or "") if group <= match.re.groups else ""

    return _REFERENCE.sub(replace, template)


class Batch:
    """Consecutive pure edits.

    Edits of different names do not touch each other, so for the names a table has only their
    own edits run; what those of the other names add is a constant. That holds where the former
    add nothing at the end themselves; else all edits run in order.
    """

    __slots__ = ("_edits", "_keys", "_memo", "_moving", "_parts")

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = tuple(edits)
        self._keys = frozenset(edit.key for edit in edits)
        self._moving = frozenset(key for key in self._keys if self._moves(key))
        self._memo: dict[int, tuple[tuple[Field, ...], tuple[Field, ...]]] = {}
        self._parts: dict[frozenset[str], tuple[tuple[Run, ...], tuple[Field, ...]]] = {}
        """By the names that a table has: the edits to run, and what to add."""

    def __call__(self, table: Fields, exchange: Exchange) -> None:
        items = table.items
        known = self._memo.get(id(items))
        # The entry holds the tuple, so its id cannot have passed to another one.
        if known is not None and known[0] is items:
            table.items = known[1]
            return
        present = self._keys.intersection([item[0] for item in items])
        part = self._parts.get(present)
        runs, tail = self._part(present, exchange) if part is None else part
        result = (_after(runs, items, exchange) if runs else items) + tail
        if len(self._memo) >= _MEMO_ENTRIES:
            self._memo.clear()
        self._memo[id(items)] = (items, result)
        table.items = result

    def _moves(self, key: str) -> bool:
        actions = [edit.action for edit in self._edits if edit.key == key]
        return actions != ["unset"] and not _IN_PLACE.issuperset(actions)

    def _part(
        self, present: frozenset[str], exchange: Exchange
    ) -> tuple[tuple[Run, ...], tuple[Field, ...]]:
        part: tuple[tuple[Run, ...], tuple[Field, ...]]
        if present.isdisjoint(self._moving):
            others = [edit.run for edit in self._edits if edit.key not in present]
            part = (
                tuple(edit.run for edit in self._edits if edit.key in present),
                _after(others, (), exchange),
            )
        else:
            part = (tuple(edit.run for edit in self._edits), ())
        if len(self._parts) >= _MEMO_ENTRIES:
            self._parts.clear()
        self._parts[present] = part
        return part


_IN_PLACE: Final = frozenset(("set", "setifempty", "append", "merge"))
"""Actions that leave a field that is there in its place."""


def _after(runs: Sequence[Run], items: tuple[Field, ...], exchange: Exchange) -> tuple[Field, ...]:
    changed = list(items)
    for run in runs:
        run(changed, exchange)
    return tuple(changed)


def single(edit: Edit) -> Step:
    """A step of one edit, under its condition."""
    run, condition = edit.run, edit.condition

    def step(table: Fields, exchange: Exchange) -> None:
        if condition is None or condition(exchange):
            items = list(table.items)
            run(items, exchange)
            table.items = tuple(items)

    return step
