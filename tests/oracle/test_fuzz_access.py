"""A sample of the random access rules; `make fuzz-access` runs as many as one likes."""

from __future__ import annotations

import pytest

from tests.oracle.fuzz_access import Access, compared
from tests.oracle.test_oracle import APACHE

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not APACHE, reason="needs apache2"),
]


def test_random_access_rules_do_what_they_do_in_apache() -> None:
    for group, shown in Access(5).groups(160):
        for case, _apache, _ours, found in compared(group):
            assert not found, f"{shown[case.name]}\n{case.requests[0]!r}\n{found}"
