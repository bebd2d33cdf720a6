"""The demo site: its pages over a real socket."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from revproxy.demo.site import Server


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server(0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def client(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    yield connection
    connection.close()


def test_pages_link_to_themselves_by_the_name_they_were_asked_by(client) -> None:
    client.request("GET", "/", headers={"Host": "inner.test"})
    assert b'href="http://inner.test/about"' in client.getresponse().read()


def test_redirect_is_absolute(client) -> None:
    client.request("GET", "/old", headers={"Host": "inner.test:99"})
    response = client.getresponse()
    assert response.status == 302
    assert response.headers["Location"] == "http://inner.test:99/about"


def test_cookie_has_a_path_and_a_domain(client) -> None:
    client.request("GET", "/login", headers={"Host": "inner.test:99"})
    response = client.getresponse()
    assert response.headers["Set-Cookie"] == "session=42; Path=/; Domain=inner.test; HttpOnly"


def test_echo_tells_what_was_sent(client) -> None:
    client.request("PUT", "/echo?a=b", body=iter([b"one", b"two"]), encode_chunked=True)
    seen = json.loads(client.getresponse().read())
    assert seen["request"] == "PUT /echo?a=b HTTP/1.1"
    assert seen["body"] == "onetwo"
    assert ["Transfer-Encoding", "chunked"] in seen["headers"]


def test_form_escapes_what_it_shows(client) -> None:
    client.request("POST", "/form", body="name=%3Cb%3E")
    assert b"Hello, &lt;b&gt;!" in client.getresponse().read()


@pytest.mark.parametrize(("size", "length"), [("100000", 100000), ("0", 0), ("x", 0)])
def test_download_has_the_size_asked_for(client, size: str, length: int) -> None:
    client.request("GET", f"/download?size={size}")
    assert len(client.getresponse().read()) == length


@pytest.mark.parametrize(
    ("path", "status"), [("/status/503", 503), ("/status/200", 404), ("/none", 404), ("/ws", 400)]
)
def test_statuses(client, path: str, status: int) -> None:
    client.request("GET", path)
    assert client.getresponse().status == status


def test_head_has_no_body(client) -> None:
    client.request("HEAD", "/about")
    response = client.getresponse()
    assert response.read() == b""
    assert int(response.headers["Content-Length"]) > 0
