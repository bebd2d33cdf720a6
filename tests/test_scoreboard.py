"""The scoreboard: rows of children, sums that never fall."""

from __future__ import annotations

import os

from revproxy.scoreboard import Child, Scoreboard, Totals


def test_sums_outlive_the_children_of_a_row() -> None:
    board = Scoreboard()
    for row in (3, 3, 200):
        board.sit(row)
        board.count(1000, 20)
        board.tell(2, 5, stops=row == 200)
    assert board.totals() == Totals(3, 3000, 60)
    pid = os.getpid()
    assert board.children() == [Child(3, pid, 2, 5, False), Child(200, pid, 2, 5, True)]
    board.leave(3)
    assert [child.slot for child in board.children()] == [200]
    assert board.totals().requests == 3


def test_a_new_child_does_nothing_yet() -> None:
    board = Scoreboard()
    board.sit(0)
    board.tell(9, 9, stops=True)
    board.sit(0)
    assert board.children() == [Child(0, os.getpid(), 0, 0, False)]


def test_who_has_no_row_counts_nowhere() -> None:
    board = Scoreboard()
    board.sit(None)
    board.count(1, 1)
    board.tell(1, 1, stops=False)
    assert board.totals() == Totals(0, 0, 0)
    assert board.children() == []
