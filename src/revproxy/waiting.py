"""Waiting in the middle of plain code: for what rules ask of programs, databases and passwords.

The engine of mod_rewrite and expressions are plain functions, which is why they are fast. A few
things they can ask for take time: an answer of a `prg:` map, a password to be checked in a request
that is looked ahead to. Then the plain code stands still in a greenlet and the coroutine around it
waits, so that the other requests of the process go on.

Laws:
- Nothing here costs anything where nothing waits: who knows that it may wait says so (`run`).
- An exception of what was waited for is raised where `wait` was called; a coroutine that is ended
  ends the plain code too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


class CannotWait(RuntimeError):  # noqa: N818 - a state, as in the name of the function
    """`wait` was called where nobody could wait, for what was not at hand."""


class _Plain(greenlet):
    """Plain code that may stand still."""


async def run(function: Callable[..., T], *arguments: Any) -> T:
    """Call a plain function that may call `wait`; its outcome."""
    code = _Plain(function)
    wanted = code.switch(*arguments)
    while not code.dead:
        try:
            value = await wanted
        except BaseException as error:
            wanted = code.throw(error)
        else:
            wanted = code.switch(value)
    result: T = wanted
    return result


def wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """The outcome of a coroutine, in code that `run` has called.

    Elsewhere just what needs no waiting has one. Raises CannotWait.
    """
    code = getcurrent()
    if isinstance(code, _Plain):
        assert code.parent is not None
        result: T = code.parent.switch(coroutine)
        return result
    try:
        coroutine.send(None)
    except StopIteration as end:
        outcome: T = end.value
        return outcome
    coroutine.close()
    raise CannotWait
