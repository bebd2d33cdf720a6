"""`python -m tests.oracle [PART-OF-A-NAME]`: what Apache says to the cases, to read over."""

from __future__ import annotations

import sys

from tests.oracle.cases import groups
from tests.oracle.outcome import FIELDS, run_group, show


def main(part: str) -> None:
    """Print Apache's outcome of each case whose topic or name contains `part`."""
    for group in groups():
        if part in group.topic or any(part in case.name for case in group.cases):
            for name, outcome in run_group(group, "apache").items():
                if part in name or part in group.topic:
                    print(f"--- {group.topic}: {name}")
                    for item in FIELDS:
                        if outcome.get(item):
                            print(f"  {item}: {show(outcome[item])}")


main(sys.argv[1] if len(sys.argv) > 1 else "")
