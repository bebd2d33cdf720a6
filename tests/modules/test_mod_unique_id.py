"""Names of requests that no other has."""

from __future__ import annotations

import re

from revproxy.modules.mod_unique_id import MODULE, make_unique_id
from revproxy.plan.load import load_text
from tests.exchanges import hook, make_exchange


def test_no_two_requests_have_one_name() -> None:
    names = {make_unique_id(1_700_000_000, number % 3) for number in range(5000)}
    assert len(names) == 5000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{27}", name) for name in names)


def test_it_is_kept_by_internal_redirects() -> None:
    exchange = make_exchange()
    name = hook(MODULE, "post_read", names_unique_id=True)
    name(exchange)
    inner = exchange.redirected("/x", None)
    name(inner)
    assert inner.env["UNIQUE_ID"] == exchange.env["UNIQUE_ID"]


def test_it_is_made_where_somebody_asks_for_it() -> None:
    assert load_text("Listen 80").plan().main.post_read == ()
    asks = 'Header set X-Id "%{UNIQUE_ID}e"'
    assert len(load_text(asks).plan().main.post_read) == 1
