"""Requests through the whole server, in one trio loop: framing, timing, failures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from revproxy import logs
from revproxy.server import connection
from tests.serving import Client, origin, read_exactly, read_head, served

HOST = b"Host: front\r\n"


def get(path: str = "/", *lines: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\n" % path.encode() + HOST + b"".join(lines) + b"\r\n"


def post(*lines: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n"


def always(response: bytes) -> Callable:
    """An origin that gives one answer to every request."""

    async def handler(stream: Client) -> None:
        rest = b""
        while True:
            head, rest = await read_head(stream, rest)
            if not head:
                return
            await stream.send_all(response)

    return handler


def conf(port: int, more: str = "") -> str:
    return f"ServerName front\nProxyPass / http://127.0.0.1:{port}/\n{more}\n"


def run(test: Callable, **options: object) -> None:
    trio.run(test, **options)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def length_of(head: bytes) -> int:
    return int(head.lower().split(b"content-length: ")[1].split()[0])


def test_requests_follow_each_other_on_a_connection():
    async def main():
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        async with origin(always(reply)) as port, served(conf(port)) as server:
            async with server.connect() as client:
                for _ in range(3):
                    await client.send_all(get())
                    head, rest = await read_head(client)
                    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
                    assert await read_exactly(client, 2, rest) == b"hi"

    run(main)


def test_pipelined_requests_are_answered_in_order():
    async def main():
        async def handler(stream: Client) -> None:
            rest = b""
            while True:
                head, rest = await read_head(stream, rest)
                if not head:
                    return
                path = head.split(b" ")[1]
                await stream.send_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path)
                )

        async with origin(handler) as port, served(conf(port)) as server:
            answer = await server.ask(get("/a") + get("/b") + get("/c", b"Connection: close\r\n"))
            assert [part[-2:] for part in answer.split(b"HTTP/1.1 200 OK")[1:]] == [
                b"/a",
                b"/b",
                b"/c",
            ]

    run(main)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789",
        b"HTTP/1.0 200 OK\r\n\r\n0123456789",
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 7])
def test_bodies_of_every_framing_arrive_whole(reply: bytes, cut: int):
    async def handler(stream: Client) -> None:
        await read_head(stream)
        size = len(reply) // (cut + 1) + 1
        for start in range(0, len(reply), size):
            await stream.send_all(reply[start : start + size])
            await trio.testing.wait_all_tasks_blocked()

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            answer = await server.ask(get("/", b"Connection: close\r\n"))
            head, _, body = answer.partition(b"\r\n\r\n")
            if b"transfer-encoding: chunked" in head.lower():
                body = b"".join(body.split(b"\r\n")[1:-3:2])
            assert body == b"0123456789"

    run(main)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n01",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\nXX\r\n",
    ],
)
def test_a_body_cut_short_ends_the_connection_without_an_end_mark(reply: bytes):
    async def handler(stream: Client) -> None:
        await read_head(stream)
        head, _, body = reply.partition(b"\r\n\r\n")
        await stream.send_all(head + b"\r\n\r\n" + body[:5])
        await trio.testing.wait_all_tasks_blocked()
        await stream.send_all(body[5:])

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            answer = await server.ask(get() + get())
            assert answer.count(b"HTTP/1.1 ") == 1
            assert not answer.endswith(b"0\r\n\r\n")

    run(main)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (b"", 502),
        (b"hello\r\n", 502),
        (b"HTTP/2 200\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000, 502),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 502),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, 502),
    ],
)
def test_an_origin_that_does_not_speak_http_is_502(reply: bytes, status: int):
    async def handler(stream: Client) -> None:
        await read_head(stream)
        await stream.send_all(reply)

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            answer = await server.ask(get("/", b"Connection: close\r\n"))
            assert status_of(answer) == status

    run(main)


def test_nobody_gets_what_an_origin_says_unasked():
    async def handler(stream: Client) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await trio.testing.wait_all_tasks_blocked()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await read_head(stream)

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            for _ in range(3):
                answer = await server.ask(get("/", b"Connection: close\r\n"))
                assert answer.endswith(b"hi")
                await trio.testing.wait_all_tasks_blocked()

    run(main)


def test_a_connection_the_origin_has_closed_is_not_used_again():
    connections = []

    async def handler(stream: Client) -> None:
        connections.append(stream)
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            for _ in range(3):
                answer = await server.ask(
                    b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n"
                    + HOST
                    + b"\r\nx"
                )
                assert status_of(answer) == 200
                await trio.testing.wait_all_tasks_blocked()
        assert len(connections) == 3

    run(main)


def test_a_request_that_may_be_repeated_is_when_a_reused_connection_dies():
    requests = []

    async def handler(stream: Client) -> None:
        rest = b""
        for index in range(2):
            head, rest = await read_head(stream, rest)
            requests.append(head)
            if index == 0:
                await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            close = b"Connection: close\r\n"
            assert status_of(await server.ask(get("/", close))) == 200
            assert status_of(await server.ask(get("/", close))) == 200
            post = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n" + close + HOST + b"\r\n"
            assert status_of(await server.ask(post)) == 502
        assert len(requests) == 4

    run(main)


def test_a_refused_connection_is_503_and_the_next_request_is_served():
    async def main():
        async with origin(always(b"")) as port:
            pass
        async with served(conf(port)) as server:
            for _ in range(2):
                answer = await server.ask(get())
                assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
                assert b"\r\nConnection: close\r\n" in answer

    run(main)


def test_a_large_body_is_streamed_while_it_comes():
    sent = b"0123456789abcdef" * 4096
    got = []

    async def handler(stream: Client) -> None:
        head, rest = await read_head(stream)
        assert b"Content-Length: 655360\r\n" in head
        got.append(await read_exactly(stream, len(sent) * 10, rest))
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            async with server.connect() as client:
                await client.send_all(
                    b"POST / HTTP/1.1\r\nContent-Length: 655360\r\n" + HOST + b"\r\n"
                )
                for _ in range(10):
                    await client.send_all(sent)
                head, _ = await read_head(client)
                assert status_of(head) == 200
                await client.send_all(get("/", b"Connection: close\r\n"))
        assert got == [sent * 10]

    run(main)


def test_an_origin_that_answers_early_is_heard():
    async def handler(stream: Client) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 413 Too Big\r\nContent-Length: 2\r\n\r\nno")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            async with server.connect() as client:
                await client.send_all(
                    b"POST / HTTP/1.1\r\nContent-Length: 900000\r\n" + HOST + b"\r\n" + b"x" * 20000
                )
                head, _ = await read_head(client)
                assert head.startswith(b"HTTP/1.1 413 Too Big\r\n")
                assert b"Connection: close\r\n" in head

    run(main)


def test_a_chunked_body_that_breaks_is_400_and_never_ends_well_at_the_origin():
    got = []

    async def handler(stream: Client) -> None:
        _, rest = await read_head(stream)
        got.append(rest + b"".join([bytes(piece) async for piece in stream]))

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            body = b"5000\r\n" + b"x" * 0x5000 + b"\r\nZZ\r\n"
            answer = await server.ask(
                b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n" + body
            )
            assert status_of(answer) == 400
        assert not any(part.endswith(b"0\r\n\r\n") for part in got)

    run(main)


def test_an_upgrade_becomes_a_tunnel():
    async def handler(stream: Client) -> None:
        head, rest = await read_head(stream)
        assert b"Upgrade: websocket\r\n" in head
        await stream.send_all(
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n!"
        )
        while data := rest or await stream.receive_some():
            rest = b""
            await stream.send_all(bytes(data).upper())

    async def main():
        async with origin(handler) as port:
            text = f"ProxyPass / ws://127.0.0.1:{port}/\n"
            async with served(text) as server, server.connect() as client:
                await client.send_all(
                    get("/", b"Upgrade: websocket\r\nConnection: Upgrade\r\n") + b"early"
                )
                head, rest = await read_head(client)
                assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
                assert await read_exactly(client, 6, rest) == b"!EARLY"
                await client.send_all(b"late")
                assert await read_exactly(client, 4) == b"LATE"
                await client.send_eof()
                assert await client.receive_some() == b""

    run(main)


def test_an_upgrade_that_is_not_allowed_goes_on_as_a_plain_request():
    async def handler(stream: Client) -> None:
        head, _ = await read_head(stream)
        assert b"upgrade" not in head.lower()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            async with server.connect() as client:
                await client.send_all(get("/", b"Upgrade: h2c\r\nConnection: Upgrade\r\n"))
                head, _ = await read_head(client)
                assert status_of(head) == 200

    run(main)


def test_a_defect_of_ours_is_500_in_both_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async def defective(exchange: object) -> None:
        raise ValueError("oops")

    monkeypatch.setattr(connection, "handle", defective)
    text = f'ErrorLog {tmp_path}/error\nCustomLog {tmp_path}/access "%r %>s"\n'

    async def main():
        async with served(text) as server:
            logs.current().open()
            assert status_of(await server.ask(get("/a"))) == 500
            monkeypatch.undo()
            assert status_of(await server.ask(get("/b"))) == 404
            logs.current().close()

    run(main)
    assert "please report it: ValueError: oops" in (tmp_path / "error").read_text()
    lines = (tmp_path / "access").read_text().splitlines()
    assert lines == ["GET /a HTTP/1.1 500", "GET /b HTTP/1.1 404"]
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sent", "soonest", "latest"),
    [
        ("Timeout 20", b"GET / HTTP/1.1\r\nHo", 20, 23),
        (
            "Timeout 100\nRequestReadTimeout header=10-30,MinRate=1",
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            30,
            36,
        ),
        (
            "Timeout 100\nRequestReadTimeout body=10\nProxyPass / http://127.0.0.1:9/",
            post(b"Content-Length: 50\r\n") + b"slow",
            10,
            13,
        ),
    ],
    ids=("the timeout", "a head below the pace", "a body below the pace"),
)
def test_a_client_that_sends_slowly_is_408(text: str, sent: bytes, soonest: int, latest: int):
    clock = trio.testing.MockClock(autojump_threshold=0.01)
    started = clock.current_time()

    async def main():
        async with served(f"ServerName front\n{text}\n") as server, server.connect() as client:
            await client.send_all(sent)
            answer = b"".join([bytes(piece) async for piece in client])
            assert status_of(answer) == 408
            assert soonest <= clock.current_time() - started <= latest

    run(main, clock=clock)


def test_an_idle_connection_is_closed_after_keepalivetimeout():
    async def main():
        clock = trio.lowlevel.current_clock()
        async with served("ServerName front\nKeepAliveTimeout 7\n") as server:
            async with server.connect() as client:
                await client.send_all(get())
                head, rest = await read_head(client)
                await read_exactly(
                    client, int(head.lower().split(b"content-length: ")[1].split()[0]), rest
                )
                began = clock.current_time()
                assert await client.receive_some() == b""
                assert 7 <= clock.current_time() - began <= 9

    run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


def test_an_origin_that_says_nothing_is_502_after_proxytimeout_and_the_client_stays():
    async def handler(stream: Client) -> None:
        await read_head(stream)
        await stream.receive_some()

    async def main():
        async with origin(handler) as port:
            async with served(conf(port, "ProxyTimeout 30")) as server:
                async with server.connect() as client:
                    for _ in range(2):
                        await client.send_all(get())
                        head, rest = await read_head(client)
                        assert status_of(head) == 502
                        await read_exactly(client, length_of(head), rest)

    run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


def test_winding_up_lets_an_exchange_finish_and_says_so():
    release = trio.Event()

    async def handler(stream: Client) -> None:
        await read_head(stream)
        await release.wait()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async def main():
        async with origin(handler) as port, served(conf(port)) as server:
            async with server.connect() as client:
                await client.send_all(get())
                await trio.testing.wait_all_tasks_blocked()
                server.watchdog.stop()
                release.set()
                head, rest = await read_head(client)
                assert b"Connection: close\r\n" in head
                assert await read_exactly(client, 2, rest) == b"hi"
                assert await client.receive_some() == b""

    run(main)


def test_winding_up_ends_what_is_idle_within_seconds():
    async def main():
        clock = trio.lowlevel.current_clock()
        async with served("ServerName front\nKeepAliveTimeout 100\n") as server:
            async with server.connect() as client:
                await client.send_all(get())
                head, rest = await read_head(client)
                await read_exactly(client, length_of(head), rest)
                await trio.testing.wait_all_tasks_blocked()
                server.watchdog.stop()
                began = clock.current_time()
                assert await client.receive_some() == b""
                assert 1 <= clock.current_time() - began <= 4

    run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


def test_a_head_that_comes_octet_by_octet_is_served():
    async def main():
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        async with origin(always(reply)) as port, served(conf(port)) as server:
            async with server.connect() as client:
                for octet in get():
                    await client.send_all(bytes([octet]))
                    await trio.testing.wait_all_tasks_blocked()
                head, _ = await read_head(client)
                assert status_of(head) == 200

    run(main)


def test_bare_line_feeds_are_refused_at_once():
    async def main():
        async with served("ServerName front\n") as server, server.connect() as client:
            await client.send_all(b"GET / HTTP/1.1\nHost: a\n\n")
            head, _ = await read_head(client)
            assert status_of(head) == 400

    run(main)


def test_a_body_nobody_reads_does_not_become_a_request():
    async def main():
        async with served("ServerName front\n") as server:
            answer = await server.ask(
                b"POST / HTTP/1.1\r\nContent-Length: 30\r\n" + HOST + b"\r\n" + get()[:30] + get()
            )
            assert answer.count(b"HTTP/1.1 ") == 2

    run(main)


def test_a_pinged_origin_that_answers_at_once_gets_no_further_request():
    """It may still wait for the body: what follows on that connection would be taken for it."""
    heads: list[list[bytes]] = []

    async def handler(stream: Client) -> None:
        mine: list[bytes] = []
        heads.append(mine)
        rest = b""
        while True:
            head, rest = await read_head(stream, rest)
            if not head:
                return
            mine.append(head)
            await stream.send_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    async def main():
        async with origin(handler) as port:
            text = f"ServerName front\nProxyPass / http://127.0.0.1:{port}/ ping=5\n"
            async with served(text) as server, server.connect() as client:
                for _ in range(2):
                    await client.send_all(post(b"Content-Length: 5\r\n") + b"hello")
                    head, rest = await read_head(client)
                    assert status_of(head) == 403
                    assert await read_exactly(client, 2, rest) == b"no"
        assert [len(mine) for mine in heads] == [1, 1]

    run(main)


def test_a_client_that_holds_its_body_back_hears_the_pinged_origins_100():
    async def handler(stream: Client) -> None:
        head, rest = await read_head(stream)
        assert b"\r\nExpect: 100-continue\r\n" in head
        assert not rest
        await stream.send_all(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_exactly(stream, 5)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body)

    async def main():
        async with origin(handler) as port:
            text = f"ServerName front\nProxyPass / http://127.0.0.1:{port}/ ping=5\n"
            async with served(text) as server, server.connect() as client:
                await client.send_all(post(b"Content-Length: 5\r\n", b"Expect: 100-continue\r\n"))
                head, rest = await read_head(client)
                assert status_of(head) == 100
                await client.send_all(b"hello")
                head, rest = await read_head(client, rest)
                assert status_of(head) == 200
                assert await read_exactly(client, 5, rest) == b"hello"

    run(main)


def test_a_second_head_that_is_slow_is_408_too():
    async def main():
        async with served("Timeout 20\nRequestReadTimeout header=10\n") as server:
            async with server.connect() as client:
                await client.send_all(get() + b"GET / HTTP/1.1\r\nHo")
                answer = b"".join([bytes(piece) async for piece in client])
        assert re.findall(rb"HTTP/1.1 [0-9]+", answer) == [b"HTTP/1.1 404", b"HTTP/1.1 408"]

    run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


@pytest.mark.parametrize("said", [b"GE", b"\r\n", b"\r\n\r\nG"])
def test_a_client_without_a_request_line_gets_no_answer(said):
    async def main():
        async with served("Timeout 20\nRequestReadTimeout header=10\n") as server:
            async with server.connect() as client:
                await client.send_all(said)
                assert [piece async for piece in client] == []

    run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))
