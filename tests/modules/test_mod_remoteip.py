"""The walk over a field of addresses: who is believed, and how far."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from revproxy.modules.mod_remoteip import Proxy, walk
from revproxy.plan.load import load_text

INTERNAL = (Proxy(ipaddress.ip_network("10.0.0.0/8"), internal=True),)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_a_peer_that_is_no_proxy_is_the_client_whatever_it_says(value: str):
    found = walk("192.0.2.1", value, INTERNAL)
    assert (found.client, found.rest, found.proxies) == ("192.0.2.1", value, "")


@given(st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=5))
def test_nobody_but_the_last_untrusted_is_the_client(chain: list[str]):
    found = walk("10.0.0.1", ", ".join(chain), INTERNAL)
    outside = [address for address in chain if not address.startswith("10.")]
    assert found.client == (outside[-1] if outside else chain[0])


def test_a_list_that_is_not_there_is_an_error():
    loaded = load_text("RemoteIPTrustedProxyList /nonexistent/list\n")
    assert loaded.has_errors
