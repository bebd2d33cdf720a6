"""Coroutines stepped by the lane: waits, interruptions, calls into trio."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from revproxy import lane as lanes
from revproxy import sockets
from revproxy.lane import Lane, checkpoint, in_trio, install, wait_behind, wait_readable


@asynccontextmanager
async def running() -> AsyncIterator[Lane]:
    async with trio.open_nursery() as nursery:
        lane = Lane(nursery)
        install(lane)
        nursery.start_soon(lane.run)
        try:
            yield lane
        finally:
            install(None)
        nursery.cancel_scope.cancel()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_waits_for_octets_however_often(pair):
    ours, theirs = pair
    got: list[bytes] = []

    async def reader() -> None:
        while data := await sockets.recv_later(ours, 100):
            got.append(data)

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            for data in (b"a", b"b", b"c"):
                theirs.send(data)
                await trio.testing.wait_all_tasks_blocked()
            theirs.shutdown(socket.SHUT_WR)
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert got == [b"a", b"b", b"c"]


def test_octets_that_came_while_nobody_waited_are_seen(pair):
    ours, theirs = pair
    other, far = socket.socketpair()
    other.setblocking(False)
    got: list[bytes] = []

    async def reader() -> None:
        got.append(await sockets.recv(ours, 100))
        got.append(await sockets.recv(other, 100))
        got.append(await sockets.recv_later(ours, 100))

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            theirs.send(b"1")
            await trio.testing.wait_all_tasks_blocked()
            theirs.send(b"2")
            await trio.testing.wait_all_tasks_blocked()
            far.send(b"x")
            await trio.testing.wait_all_tasks_blocked()

    with other, far:
        trio.run(main)
    assert got == [b"1", b"x", b"2"]


def test_an_end_that_came_with_the_octets_is_seen(pair):
    ours, theirs = pair
    got: list[bytes] = []

    async def reader() -> None:
        got.append(await sockets.recv_later(ours, 100))
        got.append(await sockets.recv_later(ours, 100))

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            theirs.send(b"last")
            theirs.shutdown(socket.SHUT_WR)
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert got == [b"last", b""]


@pytest.mark.parametrize("into", [False, True])
def test_what_a_read_left_over_is_seen(pair, into):
    ours, theirs = pair
    got: list[bytes] = []

    async def reader() -> None:
        if into:
            buffer = bytearray(3)
            await sockets.recv_into(ours, memoryview(buffer))
            got.append(bytes(buffer))
        else:
            got.append(await sockets.recv_later(ours, 3))
        got.append(await sockets.recv_later(ours, 100))

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            theirs.send(b"abcdef")
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert got == [b"abc", b"def"]


@pytest.mark.parametrize("amid", [False, True])
def test_what_was_left_over_without_a_word_is_seen(pair, amid):
    """As OpenSSL does: it takes a record, and nobody knows whether another one is there."""
    ours, theirs = pair
    got: list[bytes] = []

    async def reader() -> None:
        await wait_readable(ours)
        got.append(ours.recv(3))
        if amid:
            await in_trio(trio.lowlevel.checkpoint)
        await wait_behind(ours)
        got.append(ours.recv(100))
        await wait_behind(ours)
        got.append(ours.recv(100))

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            theirs.send(b"abcdef")
            await trio.testing.wait_all_tasks_blocked()
            assert got == [b"abc", b"def"]
            theirs.send(b"ghi")
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert got == [b"abc", b"def", b"ghi"]


def test_sends_more_than_a_socket_takes_at_once(pair):
    ours, theirs = pair
    data = bytes(range(256)) * 8192
    theirs.setblocking(False)
    got = bytearray()

    async def main() -> None:
        async with running() as lane:
            lane.start(sockets.send_all(ours, memoryview(data)))
            while len(got) < len(data):
                await trio.lowlevel.wait_readable(theirs)
                got.extend(theirs.recv(1 << 20))

    trio.run(main)
    assert got == data


def test_an_interruption_is_raised_where_it_waits(pair):
    ours, _ = pair
    caught: list[BaseException] = []

    async def reader() -> None:
        try:
            await sockets.recv(ours, 1)
        except TimeoutError as error:
            caught.append(error)
        await checkpoint()
        caught.append(ValueError("went on"))

    async def main() -> None:
        async with running() as lane:
            task = lane.start(reader())
            task.interrupt(TimeoutError())
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert [type(item) for item in caught] == [TimeoutError, ValueError]


def test_an_interruption_ends_a_call_into_trio():
    events: list[str] = []

    async def forever() -> None:
        try:
            await trio.sleep_forever()
        finally:
            events.append("ended")

    async def caller() -> None:
        try:
            await in_trio(forever)
        except TimeoutError:
            events.append("interrupted")

    async def main() -> None:
        async with running() as lane:
            task = lane.start(caller())
            await trio.testing.wait_all_tasks_blocked()
            task.interrupt(TimeoutError())
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert events == ["ended", "interrupted"]


def test_a_call_into_trio_gives_its_outcome():
    got: list[object] = []

    async def double(number: int) -> int:
        await trio.lowlevel.checkpoint()
        return 2 * number

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("no")

    async def caller() -> None:
        got.append(await in_trio(double, 21))
        try:
            await in_trio(fail)
        except KeyError as error:
            got.append(error.args[0])

    async def main() -> None:
        async with running() as lane:
            lane.start(caller())
            await trio.testing.wait_all_tasks_blocked()
        got.append(await in_trio(double, 1))

    trio.run(main)
    assert got == [42, "no", 2]


def test_a_defect_in_one_coroutine_leaves_the_others(pair, capsys):
    ours, theirs = pair
    got: list[bytes] = []

    async def broken() -> None:
        await checkpoint()
        raise RuntimeError("a defect")

    async def reader() -> None:
        got.append(await sockets.recv(ours, 10))

    async def main() -> None:
        async with running() as lane:
            lane.start(broken())
            lane.start(reader())
            await trio.testing.wait_all_tasks_blocked()
            theirs.send(b"x")
            await trio.testing.wait_all_tasks_blocked()

    trio.run(main)
    assert got == [b"x"]
    assert "a defect" in capsys.readouterr().err


def test_a_closed_socket_is_forgotten(pair):
    ours, theirs = pair

    async def reader() -> None:
        await sockets.recv(ours, 10)
        sockets.close(ours)

    async def main() -> None:
        async with running() as lane:
            lane.start(reader())
            theirs.send(b"x")
            await trio.testing.wait_all_tasks_blocked()
            assert not lane._registered
            assert lanes._lane is lane

    trio.run(main)
