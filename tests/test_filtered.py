"""Bodies on their way through filters: what leaves when, and what a failure looks like."""

from __future__ import annotations

import gzip
import re
import zlib

import pytest
import trio
from trio.testing import MockClock

from revproxy.filtered import PacedBody
from revproxy.filters import Pace
from tests.serving import Client, origin, read_head, served

ASK = b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"


async def chunks(client: Client, data: bytes) -> tuple[bytes, bytes]:
    """The next chunk, and what came behind it."""
    while (match := re.match(rb"([0-9a-f]+)\r\n", data)) is None or len(data) < match.end() + int(
        match[1], 16
    ) + 2:
        piece = await client.receive_some()
        assert piece, f"closed after {data!r}"
        data += bytes(piece)
    end = match.end() + int(match[1], 16)
    return data[match.end() : end], data[end + 2 :]


async def run_events(started: str) -> None:
    goes_on = trio.Event()

    async def events(stream: Client) -> None:
        await read_head(stream)
        size = f"{len(started):x}\r\n{started}\r\n" if started else ""
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        await stream.send_all((head + size).encode())
        for number in (1, 2):
            await goes_on.wait()
            await stream.send_all(f"9\r\ndata: {number}\n\n\r\n".encode())
        await stream.send_all(b"0\r\n\r\n")

    async with (
        origin(events) as port,
        served(f"ProxyPass / http://127.0.0.1:{port}/\nSetOutputFilter DEFLATE\n") as server,
    ):
        async with server.connect() as client:
            reader = zlib.decompressobj(31)
            await client.send_all(ASK)
            data = b""
            if started:
                # The first event is here while the origin holds back the second.
                head, data = await read_head(client)
                assert b"Content-Encoding: gzip" in head
                coded, data = await chunks(client, data)
                assert reader.decompress(coded) == started.encode()
            goes_on.set()
            if not started:
                head, data = await read_head(client)
            plain = b""
            while not reader.eof:
                coded, data = await chunks(client, data)
                plain += reader.decompress(coded)
            assert plain == b"data: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize("started", ["", "data: 0\n\n"])
def test_events_leave_as_they_come(started: str) -> None:
    trio.run(run_events, started)


def answer(head: str, body: bytes) -> bytes:
    async def run() -> bytes:
        async def once(stream: Client) -> None:
            await read_head(stream)
            fields = f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n"
            await stream.send_all(fields.encode() + body)

        async with (
            origin(once) as port,
            served(f"ProxyPass / http://127.0.0.1:{port}/\nSetOutputFilter INFLATE\n") as server,
        ):
            return await server.ask(ASK)

    return trio.run(run)


GZIP = "Content-Encoding: gzip\r\n"


def test_what_is_no_gzip_is_500() -> None:
    assert answer(GZIP, b"no gzip at all").startswith(b"HTTP/1.1 500 ")


def test_a_bomb_is_500_or_cut_short() -> None:
    said = answer(GZIP, gzip.compress(bytes(30_000_000)))
    assert said.startswith(b"HTTP/1.1 500 ")
    said = answer(GZIP, gzip.compress(b"<p>hello</p>" * 9 + bytes(30_000_000)))
    assert len(said) < 100_000


def test_a_body_that_unpacks_in_many_steps_is_whole() -> None:
    text = b"".join(b"%d\n" % (number * 7919) for number in range(300_000))
    said = answer(GZIP, gzip.compress(text))
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Encoding" not in head
    pieces = []
    while not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    assert b"".join(pieces) == text


class Piece:
    """A body of one piece."""

    def __init__(self, data: bytes) -> None:
        self.first = data
        self.length: int | None = len(data)
        self.timeout: float | None = None

    async def readinto(self, buffer: memoryview) -> int:
        return 0

    def close(self) -> None: ...


async def paced() -> list[tuple[float, int]]:
    pace = Pace()
    pace.speed, pace.burst = 100, 50
    body = PacedBody(Piece(bytes(150)), pace)
    seen = [(trio.current_time(), len(body.first))]
    buffer = memoryview(bytearray(1000))
    while count := await body.readinto(buffer):
        seen.append((trio.current_time(), count))
    return seen


def test_a_paced_body_takes_its_time() -> None:
    clock = MockClock(autojump_threshold=0)
    seen = trio.run(paced, clock=clock)
    begin = seen[0][0]
    # The burst and a fifth of a second's octets at once, then that much every fifth.
    assert [(round(time - begin, 3), count) for time, count in seen] == [
        (0.0, 70), (0.2, 20), (0.4, 20), (0.6, 20), (0.8, 20),
    ]  # fmt: skip
