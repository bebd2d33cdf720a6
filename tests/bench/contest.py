"""One contest: several servers up at once, the same bursts for each in turn, medians of rounds.

Laws:
- Servers take turns within a round, so that what the machine does meanwhile falls on all alike.
- A ratio is the median of the rounds' ratios to Apache, not the ratio of two medians.
"""

from __future__ import annotations

import os
import resource
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.load import Burst
from tests.bench.processes import Tree, free_port, running
from tests.bench.servers import Contender, origin, sink


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report; what was not measured is None."""

    scenario: str
    server: str
    value: float
    unit: str
    ratio: float | None = None
    target: float | None = None
    p99: float | None = None
    pss: int | None = None


@dataclass(slots=True)
class Bench:
    """What a scenario needs: where, on which cores, how long, for whom."""

    directory: Path
    seconds: float
    rounds: int
    pinned: bool
    names: frozenset[str]
    origin_port: int = 0
    sink_port: int = 0
    _number: int = 0
    server_cores: set[int] | None = field(init=False)
    load_cores: set[int] | None = field(init=False)

    def __post_init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self.server_cores = {cores[-1]} if self.pinned else None
        self.load_cores = {cores[0]} if self.pinned else None
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    @contextmanager
    def origins(self) -> Iterator[None]:
        """The origins of all scenarios, up for the whole bench."""
        self.origin_port, self.sink_port = free_port(), free_port()
        first = origin(self.place("origin"), self.origin_port)
        second = sink(self.sink_port)
        with (
            running(first.command, self.directory / "origin.out", self.load_cores, first.port),
            running(second.command, self.directory / "sink.out", self.load_cores, second.port),
        ):
            yield

    def place(self, name: str) -> Path:
        """A new directory for a server."""
        self._number += 1
        return self.directory / f"{self._number}-{name}"

    def measure(
        self,
        scenario: str,
        contenders: Sequence[Contender],
        burst: Callable[[int], Burst],
        *,
        unit: str = "µs/request",
        scale: float = 1000.0,
        target: float | None = None,
    ) -> list[Row]:
        """All contenders side by side; `scale` is nanoseconds a unit."""
        with ExitStack() as stack:
            trees = {one.name: stack.enter_context(self.start(one)) for one in contenders}
            costs: dict[str, list[float]] = {one.name: [] for one in contenders}
            tails: dict[str, list[float]] = {one.name: [] for one in contenders}
            for one in contenders:
                burst(one.port)
            for number in range(self.rounds):
                turn = number % len(contenders)
                for one in [*contenders[turn:], *contenders[:turn]]:
                    before = trees[one.name].cpu()
                    done = burst(one.port)
                    spent = trees[one.name].cpu() - before
                    costs[one.name].append(spent / done.requests / scale)
                    tails[one.name].append(done.p99)
            memory = {name: tree.pss() for name, tree in trees.items()}
        rows = []
        for one in contenders:
            ratio = _ratio(costs[one.name], costs.get("apache"))
            rows.append(
                Row(
                    scenario,
                    one.name,
                    statistics.median(costs[one.name]),
                    unit,
                    ratio,
                    target if one.name == "revproxy" else None,
                    statistics.median(tails[one.name]) if any(tails[one.name]) else None,
                    memory[one.name],
                )
            )
        return rows

    @contextmanager
    def start(self, one: Contender) -> Iterator[Tree]:
        """A server up on the servers' cores."""
        output = self.directory / f"{one.name}-{one.port}.out"
        with running(one.command, output, self.server_cores, one.port) as tree:
            yield tree


def _ratio(costs: list[float], apache: list[float] | None) -> float | None:
    if not apache:
        return None
    return statistics.median(mine / its for mine, its in zip(costs, apache, strict=True))


def report(rows: Sequence[Row]) -> str:
    """The table, one line a server and scenario."""
    head = ("scenario", "server", "value", "unit", "x Apache", "target", "p99 ms", "PSS MiB")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.scenario,
        row.server,
        f"{row.value:.2f}",
        row.unit,
        _number(row.ratio),
        _verdict(row),
        _number(row.p99),
        "" if row.pss is None else f"{row.pss / 1024:.0f}",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _verdict(row: Row) -> str:
    if row.target is None:
        return ""
    reached = row.value if row.ratio is None else row.ratio
    return f"<= {row.target:g} {'ok' if reached <= row.target else 'MISSED'}"
