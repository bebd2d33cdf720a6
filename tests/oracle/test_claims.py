"""What lint's rules claim of Apache: each finds its line, and Apache does what it is said to do.

All claims are virtual hosts of one configuration, run by Apache and by revproxy.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from revproxy.lint.run import lint
from revproxy.plan.load import load_text
from tests.oracle.cases import Case, Group, Reply
from tests.oracle.outcome import Outcome, run_group
from tests.oracle.servers import APACHE

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(not APACHE, reason="needs apache2 (Debian: apt install apache2)"),
]

CLAIMS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("claims.toml").read_text("utf-8")
)["claim"]


def host(claim: dict[str, Any]) -> str:
    return f"claim-{claim['rule'].lower()}.example.test"


def group() -> Group:
    config = "".join(claim.get("main", "") for claim in CLAIMS)
    for claim in CLAIMS:
        config += f"<VirtualHost *:@PORT@>\nServerName {host(claim)}\n{claim['config']}"
        config += "</VirtualHost>\n"
    cases = []
    for claim in CLAIMS:
        answer = claim.get("origin", "").replace("HOST", host(claim))
        request = f"GET {claim['get']} HTTP/1.1\nHost: {host(claim)}\n\n"
        cases.append(Case(claim["rule"], "main", (request,), (Reply(answer),) if answer else ()))
    return Group("claims", "main", config, {}, tuple(cases))


@pytest.fixture(scope="module", params=["apache", "revproxy"])
def outcomes(request: pytest.FixtureRequest) -> dict[str, Outcome]:
    return run_group(group(), request.param)


def told(outcome: Outcome) -> str:
    """Status lines, fields and what the origin was sent, one thing a line."""
    lines = [*outcome["status"]]
    for fields in outcome["headers"]:
        lines += (f"{name}: {value}" for name, value in fields)
    return "\n".join([*lines, *outcome["seen"]])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["rule"])
def test_the_claim_is_true(claim, outcomes):
    assert re.search(claim["wants"], told(outcomes[claim["rule"]]), re.MULTILINE), told(
        outcomes[claim["rule"]]
    )


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["rule"])
def test_the_rule_finds_it(claim):
    before = f"Listen 80\n{claim.get('main', '')}<VirtualHost *:80>\nServerName a.test\n"
    text = f"{before}{claim['config']}"
    found = lint(load_text(f"{text}</VirtualHost>\n".replace("@ORIGIN@", "origin.test:8080")))
    assert claim["rule"] in {item.code for item in found}
