"""Every rule on its examples, `rules/<id>/*.conf`, and on what is right.

A line of a `fires*.conf` with `# fires` before it must be found by the rule, and no other may; a
`quiet*.conf` gives nothing. `--httpd-version X` in a comment asks for that release. What else the
file is worth saying does not matter.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from revproxy.errors import Severity
from revproxy.lint.pages import pages
from revproxy.lint.rules import RULES
from revproxy.lint.run import ALL_NAMES, lint
from revproxy.plan.load import load_file

HERE = Path(__file__).parent / "rules"
ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(HERE.glob("RP*/*.conf"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_rule_finds_what_it_should_and_nothing_else(path: Path):
    code = path.parent.name
    release = re.search(r"--httpd-version ([0-9.]+)", path.read_text(encoding="utf-8"))
    version = None if release is None else tuple(map(int, release[1].split(".")))
    found = [
        item.location.line
        for item in lint(load_file(str(path), release=version), httpd_version=version)
        if item.code == code and item.location is not None
    ]
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = [number + 1 for number, line in enumerate(lines, 1) if line.strip() == "# fires"]
    assert wanted or path.stem.startswith("quiet"), "a fires*.conf says where"
    assert sorted(set(found)) == wanted


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_whole(rule):
    kinds = {path.stem.partition("-")[0] for path in (HERE / rule.code).glob("*.conf")}
    assert kinds >= {"fires", "quiet"}, "each rule has an example of both"
    module = inspect.getmodule(rule.check)
    assert module.__name__.rpartition(".")[2] == f"{rule.code}_{rule.name}".lower().replace(
        "-", "_"
    )
    assert len(module.__doc__.strip().splitlines()) > 2, "the docstring is the rule's page"
    assert re.fullmatch(r"RP\d{3}", rule.code)


def test_ids_and_names_are_one_to_one_and_in_order():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len(set(ALL_NAMES.values())) == len(ALL_NAMES)


def test_the_pages_are_in_accord():
    directory = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.md")}
    assert written == dict(pages()), "run python -m revproxy.lint.pages docs/rules"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.conf")), ids=lambda p: p.name)
def test_our_examples_are_worth_no_warning(path: Path):
    found = [item for item in lint(load_file(str(path))) if item.severity > Severity.INFO]
    assert found == []
