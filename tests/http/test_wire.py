"""The two ways through http/wire.py: the memo and plain lines on one side, h11 on the other."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import HTTPError
from revproxy.http import request_head, response_head, wire
from revproxy.http.request_head import Limits, check_incomplete, parse_request
from revproxy.http.response_head import parse_response

LIMITS = Limits()

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
names = st.sampled_from(
    ["Host", "host", "Accept", "X-A", "Cookie", "Content-Length", "Transfer-Encoding", "Expect"]
) | st.text(TOKEN, min_size=1, max_size=8)
values = st.sampled_from(["", "a", "example.com", "5", "chunked", " x ", "100-continue"]) | st.text(
    st.characters(max_codepoint=255), max_size=12
)
lines = st.builds(
    lambda name, value, gap: f"{name}:{gap}{value}", names, values, st.sampled_from(["", " ", "\t"])
)
heads = st.builds(
    lambda first, rest: "\r\n".join([first, *rest]).encode("latin-1"),
    st.sampled_from(["GET / HTTP/1.1", "POST /a?b HTTP/1.1", "GET / HTTP/1.0", "BREW /x HTTP/1.1"]),
    st.lists(lines, max_size=6),
)
wild = heads | st.binary(max_size=60).map(lambda data: b"GET / HTTP/1.1\r\nHost: a\r\n" + data)


def forget(*, names: bool = True) -> None:
    """Empty the memos, but for the names of fields where they are to stay."""
    if names:
        wire._names.clear()
    wire._lines.clear()
    request_head._request_blocks.clear()
    request_head._request_lines.clear()
    response_head._response_heads.clear()


def by_h11(head: bytes) -> h11.Request | None:
    judge = h11.Connection(h11.SERVER)
    try:
        judge.receive_data(head + b"\r\n\r\n")
        event = judge.next_event()
    except h11.RemoteProtocolError:
        return None
    return event if isinstance(event, h11.Request) else None


@given(wild)
def test_what_is_accepted_is_what_h11_accepts_and_says_the_same(head: bytes) -> None:
    if b"\r\n\r\n" in head or head.endswith(b"\r\n"):
        return
    forget()
    try:
        request = parse_request(head, LIMITS)
    except HTTPError:
        return
    event = by_h11(head)
    assert event is not None
    assert event.method.decode() == request.method
    assert event.target.decode("latin-1") == request.target
    theirs: dict[str, str] = {}
    for name, value in event.headers:
        key, text = name.decode(), value.decode("latin-1")
        theirs[key] = f"{theirs[key]}, {text}" if key in theirs else text
    # h11 writes the value of Transfer-Encoding in lower case.
    theirs.pop("transfer-encoding", None)
    ours = {name: value for name, value, _ in request.block.fields}
    chunked = ours.pop("transfer-encoding", None)
    assert ours == theirs
    assert request.block.chunked == (chunked is not None)


@given(wild)
def test_a_remembered_head_gives_the_same_answer_as_a_new_one(head: bytes) -> None:
    def answer() -> object:
        try:
            request = parse_request(head, LIMITS)
        except HTTPError as error:
            return error.status
        block = request.block
        return (request.method, request.target, block.fields, block.host, block.length)

    forget()
    first = answer()
    assert answer() == first
    forget(names=False)
    assert answer() == first


@given(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 404 ", b"HTTP/1.1 200", b"HTTP/1.1 999 x y"]),
    st.lists(lines, max_size=6),
)
def test_response_heads_agree_with_h11(first: bytes, rest: list[str]) -> None:
    head = b"\r\n".join([first, *(line.encode("latin-1") for line in rest)])
    if b"\r\n\r\n" in head or head.endswith(b"\r\n"):
        return
    forget()
    try:
        ours = parse_response(head, "GET")
    except ValueError:
        return
    judge = h11.Connection(h11.CLIENT)
    judge.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    judge.receive_data(head + b"\r\n\r\n")
    event = judge.next_event()
    assert isinstance(event, h11.Response)
    assert event.status_code == ours.status
    assert {name for name, _ in event.headers} == {n.encode("latin-1") for n, _, _ in ours.fields}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a b", 400),
        (b"GET / HTTP/1.1\r\nHost: ", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x01", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nX", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\nX: c\x7f", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nY: c", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked", 501),
        (b"GET / HTTP/2.0\r\nHost: a", 505),
        (b"GET  / HTTP/1.1\r\nHost: a", 400),
        (b"GET /#a HTTP/1.1\r\nHost: a", 400),
        (b"G(T / HTTP/1.1\r\nHost: a", 400),
        (b"GET /" + b"a" * 8190 + b" HTTP/1.1\r\nHost: a", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 8190, 400),
        (b"GET / HTTP/1.1\r\nHost: a" + b"\r\nX: a" * 100, 400),
    ],
)
def test_refused(head: bytes, status: int) -> None:
    with pytest.raises(HTTPError) as caught:
        parse_request(head, LIMITS)
    assert caught.value.status == status
    assert caught.value.close


def test_repeated_fields_become_one_and_folds_are_joined() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nCookie: a=b\r\nx: 2\r\nY: a\r\n  b\r\nCookie: c=d"
    block = parse_request(head, LIMITS).block
    assert [line for _, _, line in block.fields] == [
        b"Host: a",
        b"X: 1, 2",
        b"Cookie: a=b, c=d",
        b"Y: a b",
    ]


def test_fields_of_one_hop_are_told_from_the_others() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nTE: x\r\nA: b"
    block = parse_request(head, LIMITS).block
    assert [name for name, _, _ in block.end_to_end] == ["a"]
    assert block.connection == {"close", "x-mine"}


def test_old_requests_have_no_fields() -> None:
    request = parse_request(b"GET /a", LIMITS)
    assert (request.method, request.target, request.protocol) == ("GET", "/a", "HTTP/0.9")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a", 400),
        (b"GET /" + b"a" * 9000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000, 400),
    ],
)
def test_what_cannot_become_a_head_is_refused_before_its_end(head: bytes, status: int) -> None:
    with pytest.raises(HTTPError) as caught:
        check_incomplete(head, 0, LIMITS)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2.0 200 OK",
        b"hello",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 200 OK\r\nno colon here",
        b"HTTP/1.1 200 OK\r\nX: a\x00b",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip",
    ],
)
def test_an_origin_that_does_not_speak_http_is_found_out(head: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        parse_response(head, "GET")
