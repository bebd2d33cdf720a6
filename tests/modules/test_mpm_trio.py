"""RequestRate: who asks too often is told when to come again."""

from __future__ import annotations

import pytest

from revproxy.errors import HTTPError
from revproxy.modules import mpm_trio
from revproxy.plan.load import load_text
from tests.exchanges import make_exchange


def rate_of(words: str):
    loaded = load_text(f"<IfModule mpm_trio_module>\nRequestRate {words}\n</IfModule>\n")
    assert not loaded.has_errors
    return loaded.main.settings["mpm_trio"].rate


@pytest.mark.parametrize(
    ("words", "per_second", "burst"),
    [("20", 20, 20), ("20/s 5", 20, 5), ("30/m", 0.5, 1), ("360/h 0", 0.1, 0), ("0.5/s", 0.5, 1)],
)
def test_rates_are_read(words: str, per_second: float, burst: int):
    rate = rate_of(words)
    assert rate.per_second == pytest.approx(per_second)
    assert rate.burst == burst


@pytest.mark.parametrize("words", ["0", "x", "5/d", "-1", "5 x", "5 -1", "1e9"])
def test_mistakes_are_told(words: str):
    text = f"<IfModule mpm_trio_module>\nRequestRate {words}\n</IfModule>\n"
    assert load_text(text).has_errors


def test_too_often_is_429_with_the_time_to_wait():
    server = load_text("").plan().main.server
    hook = mpm_trio.MODULE.hooks["post_read"](mpm_trio.Settings(rate=rate_of("6/m 1")), server)
    assert hook is not None
    exchange = make_exchange()
    hook(exchange)
    hook(exchange)
    with pytest.raises(HTTPError) as caught:
        hook(exchange)
    assert caught.value.status == 429
    assert exchange.err.get("Retry-After") == "10"


def test_off_costs_nothing():
    server = load_text("").plan().main.server
    settings = mpm_trio.Settings(rate=rate_of("off"))
    assert mpm_trio.MODULE.hooks["post_read"](settings, server) is None
