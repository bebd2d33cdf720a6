"""ProxyProtocol: every connection to an origin tells of one client, and serves no other."""

from __future__ import annotations

import pytest
import trio

from revproxy.http.proxy_protocol import HEAD, parse_addresses, parse_head, parse_line
from tests.serving import Client, origin, read_exactly, read_head, served

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n"


def conf(port: int, version: str, more: str = "") -> str:
    return (
        f"ProxyPass /off http://127.0.0.1:{port}/off\nProxyPass / http://127.0.0.1:{port}/\n"
        f"<IfModule mpm_trio_module>\nProxyProtocol {version}\n"
        f"<Location /off>\nProxyProtocol Off\n</Location>\n</IfModule>\n{more}\n"
    )


def recorded(seen: list, version: str):
    """An origin that writes down the announcement of each connection, and the requests on it."""

    async def handler(stream: Client) -> None:
        data = bytes(await stream.receive_some())
        if version == "v1" and data.startswith(b"PROXY "):
            line, _, data = data.partition(b"\r\n")
            source = parse_line(line)
        elif version == "v2" and not data.startswith(b"GET "):
            length = parse_head(data[:HEAD])
            source = parse_addresses(data[:HEAD], data[HEAD : HEAD + length])
            data = data[HEAD + length :]
        else:
            source = None
        entry = [source]
        seen.append(entry)
        while True:
            head, data = await read_head(stream, data)
            if not head:
                return
            entry.append(head.split(b" ")[1])
            await stream.send_all(ANSWER)

    return handler


async def ask(client: Client, request: bytes) -> None:
    await client.send_all(request)
    head, rest = await read_head(client)
    assert head.startswith(b"HTTP/1.1 200 ")
    await read_exactly(client, 0, rest)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_connection_is_one_clients(version):
    async def main():
        seen: list = []
        more = "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1"
        async with (
            origin(recorded(seen, version)) as port,
            served(conf(port, version, more)) as server,
        ):
            async with server.connect() as client:
                await ask(client, GET % 1)
                await ask(client, GET % 1)
                await ask(client, GET % 2)
                await ask(client, GET % 1)
        assert seen == [
            [("192.0.2.1", 4711), b"/", b"/", b"/"],
            [("192.0.2.2", 4711), b"/"],
        ]

    trio.run(main)


def test_off_in_a_section():
    async def main():
        seen: list = []
        async with origin(recorded(seen, "v1")) as port, served(conf(port, "v1")) as server:
            async with server.connect() as client:
                await ask(client, GET.replace(b" / ", b" /off ") % 1)
                await ask(client, GET % 1)
        assert seen == [[None, b"/off"], [("127.0.0.1", 4711), b"/"]]

    trio.run(main)
