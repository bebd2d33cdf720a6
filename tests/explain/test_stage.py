"""The stage: trio from the moment it is asked for, and an end when nobody goes on."""

from __future__ import annotations

import socket

import pytest

from revproxy import sockets
from revproxy.explain.ask import Asked, explain
from revproxy.explain.stage import Stage
from revproxy.lane import checkpoint, in_trio, install, sleep
from revproxy.plan.load import load_text

CONF = "Listen 80\nServerName www.test\nProxyPass / http://127.0.0.1:9/\n"


@pytest.fixture
def pair():
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    yield ends
    for end in ends:
        end.close()


def played(*others, leading) -> Stage:
    stage = Stage()
    install(stage)
    try:
        for coroutine in others:
            stage.start(coroutine)
        stage.play(leading)
    finally:
        stage.close()
        install(None)
    return stage


def test_two_talk_without_trio(pair):
    left, right = pair
    heard: list[bytes] = []

    async def answers() -> None:
        heard.append(await sockets.recv(right, 10))
        await checkpoint()
        await sockets.send_all(right, b"pong")

    async def asks() -> None:
        await sockets.send_all(left, b"ping")
        heard.append(await sockets.recv(left, 10))

    stage = played(answers(), leading=asks())
    assert heard == [b"ping", b"pong"]
    assert stage.nursery is None


def test_trio_joins_those_who_have_begun(pair):
    left, right = pair
    heard: list[bytes] = []

    async def answers() -> None:
        await sleep(0)
        await sockets.send_all(right, await sockets.recv(right, 10))

    async def asks() -> None:
        await sockets.send_all(left, b"ping")
        heard.append(await sockets.recv(left, 10))
        heard.append(await in_trio(number))

    async def number() -> bytes:
        return b"1"

    played(answers(), leading=asks())
    assert heard == [b"ping", b"1"]


def test_who_waits_for_nobody_is_ended(pair):
    ended: list[str] = []

    async def waits() -> None:
        try:
            await sockets.recv(pair[0], 10)
        finally:
            ended.append("yes")

    played(leading=waits())
    assert ended == ["yes"]


def test_an_answer_that_is_cut_short_ends_the_story():
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"
    story = explain(load_text(CONF), Asked("http://www.test/", response=response))
    assert story.response is not None
    assert story.response.first == "HTTP/1.1 200 OK"


def test_a_body_that_is_sent_beside_the_answer():
    asked = Asked("http://www.test/", "POST", body=b"x" * 300_000)
    story = explain(load_text(CONF), asked)
    assert story.status == 200
    assert story.asked is not None
    assert story.asked.first == "POST / HTTP/1.1"


@pytest.mark.parametrize(
    ("line", "status"), [("", 200), ("<Location />\nRequire all denied\n</Location>\n", 403)]
)
def test_who_does_not_read_a_body_is_heard(line: str, status: int):
    asked = Asked("http://www.test/", "POST", body=b"x" * 3_000_000)
    assert explain(load_text(CONF + line), asked).status == status
