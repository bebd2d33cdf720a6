"""SetEnvIf, BrowserMatch, SetEnv: what is in the environment, and when."""

from __future__ import annotations

import pytest

from revproxy.plan.load import load_text
from tests.exchanges import make_exchange

HEAD = "GET /a%20b HTTP/1.1\r\nHost: www.a.test\r\nUser-Agent: Mozilla/5.0\r\nX-One: 1\r\n\r\n"


def env(text: str) -> dict[str, str]:
    host = load_text(text).plan().main
    exchange = make_exchange(HEAD, path="/a b", raw_path="/a%20b")
    for hook in host.post_read:
        hook(exchange)
    plan = host.plan(tuple(host.locations.find("/a b")))
    for hook in plan.access + plan.fixups:
        hook(exchange)
    return exchange.env


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SetEnvIf Host ^(\\w+)\\. SITE=$1", {"SITE": "www"}),
        ("SetEnvIf User-Agent Mozilla a b=c !d", {"a": "1", "b": "c"}),
        ("SetEnvIfNoCase user-agent MOZILLA a", {"a": "1"}),
        ("SetEnvIf User-Agent MOZILLA a", {}),
        ("BrowserMatch ^Mozilla a", {"a": "1"}),
        ("SetEnvIf X-None ^$ a", {"a": "1"}),
        ("SetEnvIf ^X-O 1 a", {"a": "1"}),
        ("SetEnvIf Request_URI %20 raw", {"raw": "1"}),
        ('<Location />\nSetEnvIf Request_URI "a b" decoded\n</Location>', {"decoded": "1"}),
        ("SetEnvIf Request_Method GET a\nSetEnvIf a 1 b", {"a": "1", "b": "1"}),
        ("SetEnvIf Host . a\nSetEnvIf Host . !a", {}),
        ("SetEnvIf Remote_Addr 192\\.0\\.2 near", {"near": "1"}),
        ("SetEnvIfExpr \"req('X-One') =~ /(1)/\" a=$1-$2-$0 b !c", {"a": "1--1", "b": "1"}),
        ("SetEnvIfExpr \"req('X-One') !~ /(2)/\" a=$1", {"a": "$1"}),
        ('SetEnvIfExpr true "a=x$ y\\$1"', {"a": "x$ y$1"}),
        ("SetEnvIfExpr false a", {}),
        ("SetEnvIfExpr \"%{REQUEST_URI} == '/a%20b'\" raw", {"raw": "1"}),
        (
            "<Location />\nSetEnvIfExpr \"%{REQUEST_URI} == '/a b'\" decoded\n</Location>",
            {"decoded": "1"},
        ),
        ("SetEnv A b\nSetEnv C", {"A": "b", "C": ""}),
        ("SetEnv A b\nUnsetEnv A", {}),
        ("SetEnv A b\nSetEnvIf A b seen", {"A": "b"}),
    ],
)
def test_what_is_set(text: str, expected: dict[str, str]) -> None:
    assert env(text) == expected


def test_groups_of_no_regex_and_of_an_earlier_one() -> None:
    assert env("SetEnvIfExpr true a=$1") == {"a": ""}
    assert env("SetEnvIf X-One (.) b\nSetEnvIfExpr true a=$1") == {"a": "1", "b": "1"}


@pytest.mark.parametrize("line", ["SetEnvIfExpr true", "SetEnvIfExpr 'x' a"])
def test_mistakes_are_told(line: str) -> None:
    assert load_text(line).diagnostics


def test_passenv_takes_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVPROXY_TEST", "here")
    assert env("PassEnv REVPROXY_TEST NOWHERE_TO_BE_FOUND") == {"REVPROXY_TEST": "here"}
