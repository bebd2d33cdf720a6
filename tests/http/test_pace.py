"""RequestReadTimeout at work: time is bought with octets, and only waiting costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http import pace
from revproxy.http.pace import Limit, Pace


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(pace.time, "monotonic", lambda: self.now)


def test_octets_buy_time_up_to_the_maximum(monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    stage = Pace(Limit(20, 40, 500))
    assert stage.wait(60) == 20
    clock.now += 15
    stage.add(5000)
    assert stage.wait(60) == 20 + 10 - 15
    clock.now += 10
    stage.add(1_000_000)
    assert stage.wait(60) == 40 - 25


def test_only_waiting_counts(monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    stage = Pace(Limit(20))
    stage.wait(60)
    clock.now += 5
    stage.add(1)
    clock.now += 1000
    assert stage.wait(60) == 15


@given(st.floats(0.1, 100), st.lists(st.integers(0, 10_000)))
def test_no_wait_is_longer_than_the_servers_timeout(timeout: float, pieces: list[int]):
    stage = Pace(Limit(20, 0, 500))
    for octets in pieces:
        assert 0 <= stage.wait(timeout) <= timeout
        stage.add(octets)
