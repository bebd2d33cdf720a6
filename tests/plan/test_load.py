"""Whole configurations, from text to plan."""

from __future__ import annotations

import pytest

from revproxy.errors import ConfigError, Severity
from revproxy.plan.load import load_text
from tests.recipe import RECIPE


def test_the_classic_recipe_runs() -> None:
    loaded = load_text(RECIPE)
    assert [item for item in loaded.diagnostics if item.severity is Severity.ERROR] == []
    (host,) = loaded.plan().hosts
    settings = host.base.settings
    assert settings["core"].output_filters == ("proxy-html",)
    (rule,) = settings["mod_proxy_html"].rules
    assert (rule.source, rule.to) == ("http://web.internal/", "/")


def test_a_forward_proxy_is_an_error_never_an_accident() -> None:
    loaded = load_text("Listen 1\nProxyRequests On\n")
    (finding,) = loaded.diagnostics
    assert finding.location is not None
    assert (finding.location.line, finding.location.column) == (2, 15)
    with pytest.raises(ConfigError):
        loaded.plan()


def test_all_findings_come_together_in_file_order() -> None:
    loaded = load_text("Nonsense 1\nListen x\n<Location /a>\nProxyPass ftp://b/\n</Location>\n")
    lines = [item.location.line for item in loaded.diagnostics if item.location is not None]
    assert sorted(lines) == [1, 2, 4]


def test_virtual_hosts_are_found_by_the_most_exact_address() -> None:
    plan = load_text(
        "ServerName main\n"
        "<VirtualHost *:80>\nServerName any\n</VirtualHost>\n"
        "<VirtualHost 127.0.0.1:80>\nServerName exact\nServerAlias *.exact\n</VirtualHost>\n"
        "<VirtualHost 127.0.0.1:80>\nServerName second\n</VirtualHost>\n"
    ).plan()

    def name(address: str, port: int, host: str) -> str:
        table = plan.names_at(address, port)
        return (table.find(host) or table.default).server.name

    assert name("127.0.0.1", 80, "second") == "second"
    assert name("127.0.0.1", 80, "a.exact") == "exact"
    assert name("127.0.0.1", 80, "any") == "exact"
    assert name("10.0.0.1", 80, "exact") == "any"
    assert name("10.0.0.1", 81, "any") == "main"


def test_a_thousand_plans_of_sections_are_the_most_that_is_kept() -> None:
    text = "".join(f"<Location /{number}>\nTimeout\n</Location>\n" for number in range(3))
    assert load_text(text).has_errors
    sections = "".join(
        f"<LocationMatch {number}>\nRequire all granted\n</LocationMatch>\n" for number in range(12)
    )
    host = load_text(sections).plan().main
    for number in range(1 << 11):
        entries = host.locations.entries
        host.plan(tuple(entry for index, entry in enumerate(entries) if number >> index & 1))
    assert len(host.plans) <= 1024
