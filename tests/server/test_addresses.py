"""Connections by address: counted over all children, and never against anybody else."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from revproxy.server.addresses import AddressCounts, AddressTable


def test_children_count_together():
    table = AddressTable(rows=4, slots=16)
    rows = [table.take(), table.take()]
    one, two = (AddressCounts(table, row) for row in rows)
    assert [one.enter("a", 3), two.enter("a", 3), one.enter("a", 3), two.enter("a", 3)] == [
        *(True, True, True, False)
    ]
    assert two.enter("b", 3)
    one.leave("a")
    assert two.enter("a", 3)
    assert not one.enter("a", 3)


def test_a_child_that_has_ended_holds_nothing():
    table = AddressTable(rows=2, slots=16)
    first, second = table.take(), table.take()
    assert table.take() is None
    one, two = AddressCounts(table, first), AddressCounts(table, second)
    assert one.enter("a", 1)
    assert not two.enter("a", 1)
    table.give_back(first)
    assert two.enter("a", 1)
    assert table.take() == first
    assert not AddressCounts(table, first).enter("a", 1)


def test_without_a_row_a_child_counts_its_own():
    counts = AddressCounts()
    assert [counts.enter("a", 1), counts.enter("a", 1), counts.enter("b", 1)] == [True, False, True]
    counts.leave("a")
    assert counts.enter("a", 1)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.sampled_from("abcdef")), max_size=60)
)
def test_nobody_is_refused_below_the_limit(steps):
    table = AddressTable(rows=2, slots=4)
    counts = [AddressCounts(table, table.take()) for _ in range(2)]
    held: list[Counter[str]] = [Counter(), Counter()]
    for child, enters, address in steps:
        if enters:
            total = held[0][address] + held[1][address]
            if counts[child].enter(address, 2):
                held[child][address] += 1
                assert held[child][address] <= 2
            else:
                assert total >= 2
        elif held[child][address]:
            counts[child].leave(address)
            held[child][address] -= 1
