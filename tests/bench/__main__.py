"""`make bench`: the scenarios, interleaved, as ratios to Apache."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.contest import Bench, Row, report
from tests.bench.scenarios import SCENARIOS
from tests.bench.servers import missing

SERVERS = ("apache", "revproxy", "nginx", "haproxy")


def main() -> int:
    """Run what was asked for; print a table."""
    options = _options()
    absent = missing()
    if absent:
        print(f"the bench needs {', '.join(absent)} (see .ci/run for the packages)")
        return 2
    # Where bytecode is not kept, every start would be measured as a first one.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        bench = Bench(
            directory,
            seconds=1 if options.quick else options.seconds,
            rounds=3 if options.quick else options.rounds,
            pinned=options.pin,
            names=frozenset(options.servers.split(",")),
        )
        with bench.origins():
            for scenario in options.scenarios or SCENARIOS:
                print(f"... {scenario}", file=sys.stderr, flush=True)
                rows += SCENARIOS[scenario](bench)
    where = "the server's processes on one core" if options.pin else "not pinned"
    print(f"CPU time of the whole process tree, {where}, {time.monotonic() - begin:.0f} s\n")
    print(report(rows))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="servers on one core, load and origin on another (default)",
    )
    parser.add_argument("--quick", action="store_true", help="three rounds of a second")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each burst")
    parser.add_argument("--servers", default=",".join(SERVERS), help="default: %(default)s")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
