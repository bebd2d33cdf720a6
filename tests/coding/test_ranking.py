"""Of several codings that filters offer, the client's favourite."""

from __future__ import annotations

import pytest
import trio

from tests.serving import Client, origin, read_head, served

FILTERS = (
    "SetOutputFilter BROTLI_COMPRESS;DEFLATE\n",
    "AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/html\n",
)
ZSTD = "<IfModule mpm_trio_module>\nDeflateZstd On\n</IfModule>\n"


def coding(accepted: str, config: str) -> str:
    """The coding of the answer to a client that accepts these."""

    async def run() -> bytes:
        async def once(stream: Client) -> None:
            await read_head(stream)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 400\r\n\r\n"
            await stream.send_all(head + b"page" * 100)

        async with (
            origin(once) as port,
            served(f"ProxyPass / http://127.0.0.1:{port}/\n{config}") as server,
        ):
            return await server.ask(
                f"GET / HTTP/1.0\r\nAccept-Encoding: {accepted}\r\n\r\n".encode()
            )

    head = trio.run(run).partition(b"\r\n\r\n")[0].decode()
    assert head.count("Vary: Accept-Encoding") == 1
    return head.partition("Content-Encoding: ")[2].partition("\r\n")[0]


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip;q=0.5, br;q=0.8, zstd", "zstd"),
        ("gzip;q=0.5, br;q=0.8, zstd;q=0.7", "br"),
        ("gzip;q=0.9, br;q=0.8, zstd;q=0.7", "gzip"),
        ("gzip, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip, zstd;q=0.9, br;q=0.9", "gzip"),
        ("*;q=0.1, gzip;q=0", "br"),
        ("*, br;q=0", "zstd"),
        ("identity, br;q=0.9, gzip;q=0.8", ""),
        ("identity;q=0", ""),
        ("*;q=0", ""),
    ],
)
def test_the_coding_with_the_greatest_weight_is_sent(
    accepted: str, chosen: str, filters: str
) -> None:
    assert coding(accepted, filters + ZSTD) == chosen
