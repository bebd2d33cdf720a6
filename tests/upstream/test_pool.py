"""The pool and what tells its connections apart."""

from __future__ import annotations

import time

import pytest

from revproxy.upstream.pool import Pool


class Idle:
    """A connection that is alive until it is closed."""

    def __init__(self, route: str | None) -> None:
        self.route = route
        self.idle_since = 0.0
        self.closed = False

    def is_alive(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True


def pool_with(*routes: str | None) -> tuple[Pool[Idle], list[Idle]]:
    pool: Pool[Idle] = Pool(maximum=None, keep=None, ttl=None)
    connections = [Idle(route) for route in routes]
    for connection in connections:
        pool.in_use += 1
        pool.give(connection)
    return pool, connections


def test_a_connection_serves_its_own_route_alone() -> None:
    pool, (first, second, third) = pool_with("a", "b", "a")
    assert pool.take("b") is second
    assert pool.take("b") is None
    assert pool.take("a") is third
    assert pool.take("a") is first


def test_many_names_do_not_fill_the_pool() -> None:
    pool, connections = pool_with(*(f"name{number}" for number in range(100)))
    assert pool.take("another") is None
    assert [item.closed for item in connections] == [True] * 85 + [False] * 15


def test_what_is_too_old_is_closed_when_another_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pool: Pool[Idle] = Pool(maximum=None, keep=None, ttl=30)
    old, older, fresh = Idle(None), Idle(None), Idle(None)
    for connection in (older, old):
        pool.in_use += 1
        pool.give(connection)
    now += 31
    pool.in_use += 1
    pool.give(fresh)
    assert [item.closed for item in (older, old, fresh)] == [True, True, False]
    assert pool.take() is fresh
    assert pool.take() is None
