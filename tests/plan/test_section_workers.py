"""Workers that `<Proxy>` sections define are there for rules, with no ProxyPass beside them."""

from __future__ import annotations

from revproxy.plan.load import load_text


def test_a_rule_finds_the_worker_of_a_section() -> None:
    plan = load_text(
        "<Proxy http://127.0.0.1:8124/>\nProxySet timeout=30\n</Proxy>\n"
        "RewriteEngine On\nRewriteRule ^/(.*)$ http://127.0.0.1:8124/$1 [P]\n"
    ).plan()
    (worker,) = plan.main.server.shared["mod_proxy"].all()
    assert worker.reuses
    assert worker.parameters.timeout == 30
