"""Workers and pools: what is kept, what waits, what is looked up again."""

from __future__ import annotations

import socket

import pytest
import trio
import trio.testing

from revproxy.errors import OriginError
from revproxy.http.uri import parse_url
from revproxy.upstream.parameters import Parameters
from revproxy.upstream.pool import Pool
from revproxy.upstream.worker import Worker


class Thing:
    """Something poolable."""

    def __init__(self) -> None:
        self.route = None
        self.idle_since = 0.0
        self.alive = True
        self.closed = False

    def is_alive(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed = True


def test_the_last_given_is_the_first_taken_and_the_dead_are_closed() -> None:
    pool: Pool[Thing] = Pool(None, None, None)
    first, second, third = Thing(), Thing(), Thing()
    pool.in_use = 3
    for thing in (first, second, third):
        pool.give(thing)
    third.alive = False
    assert pool.take() is second
    assert third.closed
    assert pool.take() is first
    assert pool.take() is None


def test_what_is_over_smax_is_closed_and_no_reuse_keeps_nothing() -> None:
    pool: Pool[Thing] = Pool(None, 1, None)
    things = [Thing(), Thing()]
    pool.in_use = 2
    for thing in things:
        pool.give(thing)
    assert [thing.closed for thing in things] == [True, False]
    none: Pool[Thing] = Pool(None, 0, None)
    none.in_use = 1
    thing = Thing()
    none.give(thing)
    assert thing.closed


def test_at_max_requests_wait_their_turn_or_until_the_acquire_time() -> None:
    async def main() -> None:
        pool: Pool[Thing] = Pool(1, None, None)
        pool.in_use = 1
        assert not await pool.wait(5)
        async with trio.open_nursery() as nursery:
            got: list[bool] = []

            async def wait() -> None:
                got.append(await pool.wait(None))

            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            assert got == []
            pool.leave()
        assert got == [True]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


def worker(port: int, **parameters: object) -> Worker:
    return Worker(parse_url(f"http://localhost:{port}/"), Parameters(**parameters))  # type: ignore[arg-type]


def test_every_address_is_tried_and_a_refusal_is_503() -> None:
    async def main() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        one = worker(port)
        # An address that refuses comes first, as "::1" may for a name.
        one._addresses = [(int(socket.AF_INET6), ("::1", port, 0, 0)), (2, ("127.0.0.1", port))]
        origin = await one.connection(5)
        one.discard(origin)
        await listener.aclose()
        with pytest.raises(OriginError) as caught:
            await one.connection(5)
        assert caught.value.status == 503
        assert one.pool.in_use == 0

    trio.run(main)


def test_a_name_that_does_not_resolve_is_500() -> None:
    async def main() -> None:
        lost = Worker(parse_url("http://nowhere.invalid/"), Parameters())
        with pytest.raises(OriginError) as caught:
            await lost.connection(5)
        assert caught.value.status == 500
        assert caught.value.reason == "Proxy Error"

    trio.run(main)


@pytest.mark.parametrize(("ttl", "lookups"), [(None, 1), (-1, 1), (0, 2)])
def test_addresses_are_kept_for_addressttl(
    monkeypatch: pytest.MonkeyPatch, ttl: int | None, lookups: int
) -> None:
    asked: list[str] = []

    async def main() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]

        async def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

        monkeypatch.setattr(trio.socket, "getaddrinfo", getaddrinfo)
        one = worker(port, addressttl=ttl)
        for _ in range(2):
            one.discard(await one.connection(5))
        await listener.aclose()

    trio.run(main)
    assert len(asked) == lookups


@pytest.mark.parametrize(("words", "tried"), [({}, 2), ({"retry": 60.0}, 1), ({"retry": 0.0}, 2)])
def test_a_failed_worker_is_left_alone_where_retry_is_given(
    words: dict[str, float], tried: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        url = parse_url(f"http://127.0.0.1:{door.getsockname()[1]}/")
        worker = Worker(url, Parameters(given=frozenset(words), **words))
        attempts = []
        connect = socket.socket.connect_ex

        def counting(self: socket.socket, address: object) -> int:
            attempts.append(address)
            return connect(self, address)

        monkeypatch.setattr(socket.socket, "connect_ex", counting)

        async def main() -> None:
            for _ in range(2):
                with pytest.raises(OriginError) as caught:
                    await worker.connection(1.0)
                assert caught.value.status == 503
            assert worker.pool.in_use == 0

        trio.run(main)
    assert len(set(map(str, attempts))) == 1
    # A failed attempt looks the name up anew and tries once more where the address has changed.
    assert len(attempts) == tried
