"""Rates of requests: a burst at once, then as often as allowed, each address for itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.rates import Rate, RateTable, counted_as


def test_a_burst_and_then_the_rate():
    table = RateTable(Rate(10.0, 4))
    passed = [table.admit("a", 100.0) for _ in range(7)]
    assert passed[:5] == [0.0] * 5
    assert passed[5] == pytest.approx(0.1)
    assert passed[6] == pytest.approx(0.1)
    assert table.admit("a", 100.1) == 0.0
    assert table.admit("a", 100.1) > 0
    assert table.admit("b", 100.1) == 0.0


@given(
    st.floats(0.5, 100),
    st.integers(0, 20),
    st.lists(st.floats(0, 0.5), min_size=1, max_size=200),
)
def test_nobody_gets_more_than_rate_and_burst(rate: float, burst: int, pauses: list[float]):
    table = RateTable(Rate(rate, burst), slots=8)
    now, passed = 50.0, 0
    for pause in pauses:
        now += pause
        passed += table.admit("client", now) == 0.0
    assert passed <= (now - 50.0) * rate + burst + 1.001


def test_a_full_table_lets_requests_through():
    table = RateTable(Rate(1.0), slots=4)
    assert all(table.admit(f"client {number}", 1.0) == 0.0 for number in range(1000))


def test_networks_of_ipv6_are_counted_as_one():
    assert counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as("::ffff:192.0.2.1") == "192.0.2.1"
    assert counted_as("2001:db8::1") == counted_as("2001:db8:0:0:ffff::2%eth0")
    assert counted_as("2001:db8::1") != counted_as("2001:db8:0:1::1")
