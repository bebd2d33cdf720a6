"""How long a filter holds the event loop: the longest turn of a connection while a page passes.

Time is the thread's CPU time, so that what else the machine does is no stall.
"""

from __future__ import annotations

import gc
import gzip
import time

from revproxy.lane import Stepped
from tests.serving import Client, origin, read_head, served

FILTERS = {
    "html": "ProxyHTMLEnable On\nProxyHTMLURLMap http://o.internal/ /\n",
    "html, extended": (
        "ProxyHTMLEnable On\nProxyHTMLExtended On\nProxyHTMLURLMap http://o.internal/ /\n"
    ),
    "html, regex": "ProxyHTMLEnable On\nProxyHTMLURLMap ^http://(o).internal/ /$1/ R\n",
    "html, as Apache": (
        "ProxyHTMLEnable On\nProxyHTMLLinks a href\nProxyHTMLURLMap http://o.internal/ /\n"
        "<IfModule mpm_trio_module>\nProxyHTMLSerializer apache\n</IfModule>\n"
    ),
    "gzip": "SetOutputFilter DEFLATE\n",
    "gzip, level 9": "SetOutputFilter DEFLATE\nDeflateCompressionLevel 9\n",
    "inflate": "SetOutputFilter INFLATE\n",
    "br": "SetOutputFilter BROTLI_COMPRESS\n",
    "br, quality 8": "SetOutputFilter BROTLI_COMPRESS\nBrotliCompressionQuality 8\n",
    "br, quality 11": "SetOutputFilter BROTLI_COMPRESS\nBrotliCompressionQuality 11\n",
    "zstd": ("SetOutputFilter DEFLATE\n<IfModule mpm_trio_module>\nDeflateZstd On\n</IfModule>\n"),
    "substitute": "SetOutputFilter SUBSTITUTE\nSubstitute s/o.internal/b/n\n",
    "substitute, regex": "SetOutputFilter SUBSTITUTE\nSubstitute s/(o).internal/$1/\n",
    "sed": '<Location />\nSetOutputFilter Sed\nOutputSed "s/o.internal/b/g"\n</Location>\n',
    "xml2enc": "SetOutputFilter xml2enc\n",
    "html and gzip": ("ProxyHTMLURLMap http://o.internal/ /\nSetOutputFilter proxy-html;DEFLATE\n"),
    "gzip that is rewritten": "ProxyHTMLEnable On\nProxyHTMLURLMap http://o.internal/ /\n",
}
ACCEPTED = {"br": "br", "zstd": "zstd"}
CODED = frozenset(("inflate", "gzip that is rewritten"))
"""Where the page comes compressed."""


async def longest_turn(name: str, page: bytes) -> float:
    """The longest turn of any connection, in milliseconds, while the page passes the filter."""
    longest = 0.0
    fields = "Content-Encoding: gzip\r\n" if name in CODED else ""
    page = gzip.compress(page, 6) if name in CODED else page
    plain_step = Stepped.step

    def step(self: Stepped) -> None:
        nonlocal longest
        start = time.thread_time()
        plain_step(self)
        longest = max(longest, time.thread_time() - start)

    async def send(stream: Client) -> None:
        await read_head(stream)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{fields}"
        await stream.send_all(f"{head}Content-Length: {len(page)}\r\n\r\n".encode() + page)

    accepted = next((value for key, value in ACCEPTED.items() if name.startswith(key)), "gzip")
    Stepped.step = step  # type: ignore[method-assign]
    # As a child process does before it serves: what is there already is no garbage.
    gc.collect()
    gc.freeze()
    try:
        async with origin(send) as port:
            config = f"ProxyPass / http://127.0.0.1:{port}/\n{FILTERS[name]}"
            async with served(config) as server:
                ask = f"GET / HTTP/1.0\r\nAccept-Encoding: {accepted}\r\n\r\n"
                said = await server.ask(ask.encode())
    finally:
        Stepped.step = plain_step  # type: ignore[method-assign]
        gc.unfreeze()
    assert said.startswith(b"HTTP/1.1 200"), said[:200]
    return longest * 1000
