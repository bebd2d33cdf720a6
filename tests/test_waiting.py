"""Plain code that waits: outcomes, errors, and who must not wait."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from revproxy.waiting import CannotWait, run, wait


async def after_a_turn(value: int) -> int:
    await trio.lowlevel.checkpoint()
    if value < 0:
        raise ValueError(value)
    return value


async def at_once() -> int:
    return 7


def total(*values: int) -> int:
    return sum(wait(after_a_turn(value)) for value in values)


def test_plain_code_goes_on_with_what_it_waited_for() -> None:
    assert trio.run(run, total, 1, 2, 3) == 6


def test_an_error_is_raised_where_it_was_waited_for() -> None:
    def forgiving() -> str:
        try:
            return str(total(1, -1))
        except ValueError as error:
            return f"caught {error}"

    assert trio.run(run, forgiving) == "caught -1"
    with pytest.raises(ValueError, match="-2"):
        trio.run(run, total, -2)


def test_waiting_code_may_call_waiting_code() -> None:
    assert trio.run(run, lambda: wait(run(total, 4, 5))) == 9


def test_others_go_on_meanwhile() -> None:
    said: list[int] = []

    def counting(name: int) -> None:
        for _ in range(2):
            wait(after_a_turn(0))
            said.append(name)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, counting, 1)
            nursery.start_soon(run, counting, 2)

    trio.run(main)
    assert sorted(said[:2]) == [1, 2]


def test_where_nobody_waits_only_what_is_at_hand_comes() -> None:
    assert wait(at_once()) == 7
    with pytest.raises(CannotWait):
        wait(after_a_turn(1))


def test_who_is_ended_while_waiting_cleans_up() -> None:
    ended = False

    def careful() -> None:
        nonlocal ended
        try:
            wait(trio.sleep_forever())
        finally:
            ended = True

    async def main() -> None:
        with trio.move_on_after(1):
            await run(careful)

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert ended
