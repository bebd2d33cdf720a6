"""Cases run against a configuration: results, in the order of the file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from revproxy.explain.ask import Explainer
from revproxy.explain.chain import stories
from revproxy.explain.story import Story
from revproxy.records import dataclass
from revproxy.trial.cases import Case
from revproxy.trial.judge import Failure, judge


@dataclass(frozen=True, slots=True)
class Result:
    """One case, what happened, and what of it is not as expected."""

    case: Case
    stories: tuple[Story, ...]
    failures: tuple[Failure, ...]
    seconds: float

    @property
    def has_passed(self) -> bool:
        return not self.failures


def run_cases(explainer: Explainer, cases: Iterable[Case]) -> Iterator[Result]:
    """Run cases, each as if it were the first."""
    for case in cases:
        start = time.perf_counter()
        told = tuple(stories(explainer, case.asked, case.responses, follow=case.follow))
        failures = tuple(judge(case, told))
        yield Result(case, told, failures, time.perf_counter() - start)
