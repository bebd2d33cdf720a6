"""Programs of edits, and the special place of Content-Type in a response.

Laws:
- The edits of a program take effect in their order; runs of pure ones are one `Batch`.
- A response has one type. `set`, `setifempty`, `edit` and `unset` act on it from either table;
  `add`, `append` and `merge` cannot make a second one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from revproxy.headers.edit import Batch, Edit, Step, single
from revproxy.http.fields import Fields
from revproxy.http.message import Exchange

_TYPE: Final = "content-type"


def compile_program(edits: Iterable[Edit], *, response: bool) -> tuple[Step, ...]:
    """The steps of a program, to be called in turn with the table and the exchange."""
    steps: list[Step] = []
    batch: list[Edit] = []
    for edit in edits:
        special = response and _acts_on_type(edit)
        if edit.is_pure and not special:
            batch.append(edit)
            continue
        if batch:
            steps.append(Batch(batch))
            batch = []
        steps.append(type_step(edit) if special else single(edit))
    if batch:
        steps.append(Batch(batch))
    return tuple(steps)


def compile_traced(edits: Iterable[Edit], *, response: bool) -> tuple[Step, ...]:
    """As `compile_program`, one step an edit, each telling the exchange's trace what it did."""
    return tuple(
        _traced(edit, type_step(edit) if response and _acts_on_type(edit) else single(edit))
        for edit in edits
    )


def _traced(edit: Edit, step: Step) -> Step:
    def tell(table: Fields, exchange: Exchange) -> None:
        assert exchange.trace is not None
        if edit.condition is not None and not edit.condition(exchange):
            text = f"{edit.source}: condition not met"
            exchange.trace("mod_headers", text, edit.location, acted=False)
            return
        before = (table.items, exchange.content_type)
        step(table, exchange)
        changed = (table.items, exchange.content_type) != before
        outcome = "done" if changed else "nothing to change"
        exchange.trace("mod_headers", f"{edit.source}: {outcome}", edit.location)

    return tell


def _acts_on_type(edit: Edit) -> bool:
    return edit.key == _TYPE and edit.action not in ("echo", "note")


def type_step(edit: Edit) -> Step:
    """A step of one edit of a response's Content-Type."""
    plain, condition = single(edit), edit.condition
    act = _ON_TYPE.get(edit.action, _join)

    def step(table: Fields, exchange: Exchange) -> None:
        if condition is None or condition(exchange):
            act(plain, table, exchange)

    return step


def _unset(plain: Step, table: Fields, exchange: Exchange) -> None:
    plain(table, exchange)
    exchange.content_type = None


def _join(plain: Step, table: Fields, exchange: Exchange) -> None:
    if exchange.content_type is None and _TYPE not in exchange.out:
        plain(table, exchange)


def _replace(plain: Step, table: Fields, exchange: Exchange) -> None:
    before = table.items
    plain(table, exchange)
    if table.items == before:
        return
    if exchange.content_type is not None:
        exchange.content_type = table.get(_TYPE)
    elif table is exchange.err:
        exchange.out.unset(_TYPE)


def _change(plain: Step, table: Fields, exchange: Exchange) -> None:
    if exchange.content_type is not None:
        own = Fields()
        own.add("Content-Type", exchange.content_type)
        plain(own, exchange)
        exchange.content_type = own.get(_TYPE)
    elif table is exchange.err:
        plain(exchange.out, exchange)
    plain(table, exchange)


_ON_TYPE: Final[dict[str, Callable[[Step, Fields, Exchange], None]]] = {
    "unset": _unset,
    "set": _replace,
    "setifempty": _replace,
    "edit": _change,
    "edit*": _change,
}
