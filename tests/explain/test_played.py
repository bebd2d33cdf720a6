"""Responses as people write and save them: one meaning, whatever the form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.explain.ask import Asked, BadRequestError, explain
from revproxy.explain.played import made_response, read_response
from revproxy.plan.load import load_text

FORMS = [
    b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody",
    b"HTTP/1.1 200 OK\nA: b\n\nbody",
    b"\nHTTP/1.1 200 OK\nA:b\n\nbody",
    b"200 OK\nA:   b  \n\nbody",
    b"HTTP/2 200 OK\r\nA: b\r\n\r\nbody",
    b"HTTP/1.1 200 OK\nA: b\nContent-Length: 99\n\nbody",
    b"HTTP/1.1 200 OK\nA: b\nTransfer-Encoding: chunked\n\nbody",
]


@pytest.mark.parametrize("data", FORMS)
def test_the_forms_mean_the_same(data: bytes):
    assert read_response(data) == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"404", b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"),
        (b"HTTP/1.0 200 OK\n", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (b"HTTP/2 200\n\n", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
        (b"304 Not Modified\nETag: x\n", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\nContent-Length: 50000\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nab\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ),
        (
            b"HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\n\nx",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        ),
    ],
)
def test_other_forms(data: bytes, wanted: bytes):
    assert read_response(data) == wanted


@pytest.mark.parametrize(
    "data",
    [b"", b"OK", b"HTTP/1.1 OK", b"HTTP/1.1 99 x", b"<html>", b"200 OK\nno colon",
     b"200 OK\na b: c", b"HTTP/1.1 100 Continue\n\n"],
)  # fmt: skip
def test_what_is_no_response(data: bytes):
    with pytest.raises(BadRequestError):
        read_response(data)


@given(st.binary(max_size=60))
def test_a_body_is_kept_octet_for_octet(body: bytes):
    assert read_response(b"200 OK\n\n" + body).endswith(
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert (
        read_response(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + body).partition(b"\r\n\r\n")[2] == body
    )


def test_a_type_that_is_not_said_is_html():
    assert b"\r\nContent-Type: text/html\r\n" in made_response(200, (), b"")
    assert b"text/html" not in made_response(200, (("content-type", "a/b"),), b"")


def test_a_head_alone_does_not_keep_the_client_waiting():
    data = read_response(b"HTTP/1.1 200 OK\nContent-Length: 1234\nX: y\n")
    story = explain(
        load_text("Listen 80\nProxyPass / http://o/"), Asked("http://a/", response=data)
    )
    assert story.status == 200
    assert story.response is not None
    assert story.response.values("X") == ["y"]
