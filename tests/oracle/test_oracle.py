"""Every case of `cases/`, on real Apache and on revproxy: what is not the same must be known.

`REVPROXY_ORACLE=required` makes a missing apache2 a failure instead of one skip.
`REVPROXY_ORACLE_SUBJECT=apache` compares Apache with itself, which proves the cases.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.oracle.cases import Case, ConfigCase, Group, config_cases, groups
from tests.oracle.lint import blamed_by_apache, blamed_by_revproxy
from tests.oracle.outcome import FIELDS, Outcome, differences, run_group
from tests.oracle.servers import APACHE, StartError

if not APACHE:
    if os.environ.get("REVPROXY_ORACLE") == "required":
        raise RuntimeError("REVPROXY_ORACLE=required, but there is no apache2 on the PATH")
    pytest.skip(
        "the oracle tests need apache2 (Debian: apt install apache2)", allow_module_level=True
    )

pytestmark = pytest.mark.oracle

SUBJECT = os.environ.get("REVPROXY_ORACLE_SUBJECT", "revproxy")
NOTES = Path(__file__).parents[2] / "docs" / "differences.md"
GROUPS = groups()
CASES = [
    pytest.param(group, case, id=f"{group.topic}: {case.name}")
    for group in GROUPS
    for case in group.cases
]


class Sides:
    """The outcomes of each group on both servers, computed ahead in a few threads."""

    def __init__(self, pool: ThreadPoolExecutor, wanted: list[Group]) -> None:
        self._runs: dict[tuple[str, str], Future[dict[str, Outcome]]] = {
            (group.id, kind): pool.submit(run_group, group, kind)
            for group in wanted
            for kind in ("apache", SUBJECT)
        }

    def of(self, group: Group, case: Case) -> tuple[Outcome, Outcome]:
        apache = self._runs[group.id, "apache"].result()[case.name]
        return apache, self._runs[group.id, SUBJECT].result()[case.name]


@pytest.fixture(scope="module")
def sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    params = [
        item.callspec.params  # type: ignore[attr-defined]
        for item in request.session.items
        if item.fspath == request.fspath and hasattr(item, "callspec")
    ]
    wanted = {param["group"].id: param["group"] for param in params if "group" in param}
    with ThreadPoolExecutor(6) as pool:
        yield Sides(pool, list(wanted.values()))


@pytest.mark.parametrize(("group", "case"), CASES)
def test_same_as_apache(sides: Sides, group: Group, case: Case) -> None:
    try:
        apache, ours = sides.of(group, case)
    except StartError as problem:
        pytest.fail(str(problem), pytrace=False)
    if case.expect is not None:
        status = apache["status"][0] if apache["status"] else "(closed)"
        assert status[9:12] == str(case.expect), f"the case does not test what it says: {status}"
    found = differences(case, apache, ours)
    excused = set(FIELDS) if "*" in case.differs else set(case.differs)
    report = [f"{name}:\n{text}" for name, text in found.items() if name not in excused]
    if report:
        pytest.fail("\n".join(report), pytrace=False)
    if SUBJECT == "revproxy":
        stale = set(case.differs) - {"*"} - set(found)
        assert not stale, f"said to differ, but the same as Apache: {stale}"
        assert found or not case.differs, "said to differ, but the same as Apache"
        for name, value in case.ours.items():
            assert ours[name] == value


def test_every_difference_is_written_down() -> None:
    written = set(re.findall(r"^### `([a-z0-9-]+)`", NOTES.read_text(encoding="utf-8"), re.M))
    named = {note for group in GROUPS for case in group.cases for note in case.differs.values()}
    named |= {case.differs for case in CONFIG_CASES if case.differs}
    assert named <= written


CONFIG_CASES = config_cases()


@pytest.mark.parametrize("case", CONFIG_CASES, ids=lambda case: f"{case.topic}: {case.name}")
def test_same_line_blamed(case: ConfigCase, tmp_path: Path) -> None:
    apache = blamed_by_apache(case, tmp_path / "apache")
    if case.expect is not None:
        assert apache.line == case.expect, apache.said
    if SUBJECT != "revproxy":
        return
    ours = blamed_by_revproxy(case, tmp_path / "ours")
    if case.differs:
        assert ours.lines[:1] != [apache.line], "said to differ, but the same as Apache"
    else:
        # Apache stops at the first error, revproxy collects them all.
        first = ours.lines[0] if ours.lines else 0
        assert first == apache.line, f"apache: {apache.said}\nrevproxy: {ours.said}"
