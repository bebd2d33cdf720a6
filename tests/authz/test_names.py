"""Names of clients: both ways, whole labels, and remembered for a minute."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import trio

from revproxy.authz import names


@pytest.mark.parametrize(
    ("host", "domain", "inside"),
    [
        ("www.example.org", "example.org", True),
        ("www.example.org", ".example.org", True),
        ("example.org", "EXAMPLE.org", True),
        ("example.org", ".example.org", False),
        ("badexample.org", "example.org", False),
        ("org", "example.org", False),
        (None, "example.org", False),
    ],
)
def test_domains_are_compared_by_labels(host: str | None, domain: str, inside: bool):
    assert names.in_domain(host, domain) is inside


class Resolver(trio.abc.HostnameResolver):
    """Two addresses that claim a name, which leads back to one of them."""

    def __init__(self) -> None:
        self.asked = 0

    async def getaddrinfo(self, host, port, *_args, **_options):
        assert host.lower() == b"www.example.org"
        return [(2, 1, 6, "", ("192.0.2.1", port or 0))]

    async def getnameinfo(self, _sockaddr, _flags):
        self.asked += 1
        return "WWW.example.org", "0"


def test_a_name_counts_only_if_it_leads_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(names, "_known", {})
    resolver = Resolver()

    async def main() -> None:
        trio.socket.set_custom_hostname_resolver(resolver)
        for address, name in [("192.0.2.1", "www.example.org"), ("192.0.2.9", None)]:
            for _ in range(2):
                exchange = SimpleNamespace(client_address=address, remote_host=None)
                await names.look_up_client(exchange)
                assert exchange.remote_host == name
        assert resolver.asked == 2

    trio.run(main)
