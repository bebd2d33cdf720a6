"""LogIOTrackTTFB."""

from __future__ import annotations

from revproxy.modules.mod_logio import MODULE
from tests.exchanges import hook, make_exchange


def test_the_first_octet_is_timed_where_it_is_asked_for() -> None:
    exchange = make_exchange()
    hook(MODULE, "fixups", "LogIOTrackTTFB On")(exchange)
    assert exchange.first_sent == -1
    assert hook(MODULE, "fixups", "LogIOTrackTTFB Off") is None
    assert hook(MODULE, "fixups") is None
