"""A sample of the random rule sets; `make fuzz-rules` runs as many as one likes."""

from __future__ import annotations

import pytest

from tests.oracle.fuzz_rules import RuleSets, compared, explained
from tests.oracle.test_oracle import APACHE

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not APACHE, reason="needs apache2"),
]


def test_random_rules_do_what_they_do_in_apache() -> None:
    for group, hosts in RuleSets(5).groups(200):
        for case, apache, ours, found in compared(group):
            rules = hosts[case.name.split(" ", maxsplit=1)[0]]
            assert not found or explained(rules, apache, ours), (
                f"{rules}\n{case.requests[0]!r}\n{found}"
            )


def test_the_same_seed_gives_the_same_pairs() -> None:
    (first, _), (second, _) = next(RuleSets(7).groups(20)), next(RuleSets(7).groups(20))
    assert first == second
    assert len(first.cases) == 20
