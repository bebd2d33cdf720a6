"""Every example is right, and the first one does what `make run` promises."""

from __future__ import annotations

import contextlib
import http.client
import io
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from revproxy.cli import main
from revproxy.demo.site import Server

EXAMPLES = Path(__file__).parents[2] / "examples"
REVPROXY = Path(sys.executable).with_name("revproxy")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.conf")), ids=lambda path: path.stem)
def test_lint_finds_nothing_bad(path: Path) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main(["lint", str(path)])
    assert status == 0
    assert ": error: " not in said.getvalue()
    assert ": warning: " not in said.getvalue()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.conf")), ids=lambda path: path.stem)
def test_its_cases_pass_and_touch_it(path: Path, capsys) -> None:
    cases = path.with_suffix(".revproxy.toml")
    status = main(["test", str(path), str(cases), "--coverage", "--fail-under", "90"])
    assert status == 0, capsys.readouterr().out


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of revproxy, with the quickstart's file on free ports, before the demo site."""
    directory = tmp_path_factory.mktemp("quickstart")
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    with Server(0) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,))
        thread.start()
        text = (EXAMPLES / "quickstart.conf").read_text()
        for old, new in (
            (":8080", f":{port}"),
            (":8081", f":{site.server_port}"),
            ("/tmp/revproxy-quickstart", f"{directory}/quickstart"),
            ("/dev/stderr", f"{directory}/error.log"),
            ("/dev/stdout", f"{directory}/access.log"),
        ):
            assert old in text
            text = text.replace(old, new)
        (directory / "httpd.conf").write_text(text)
        command = [REVPROXY, "run", "-f", directory / "httpd.conf"]
        with subprocess.Popen(command) as process:
            try:
                _await(port, process)
                yield port
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(10) == 0
        site.shutdown()
        thread.join()


@pytest.fixture
def client(front: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", front, timeout=5)
    yield connection
    connection.close()


def test_redirects_stay_in_front(client, front: int) -> None:
    client.request("GET", "/app/old")
    response = client.getresponse()
    response.read()
    assert response.headers["Location"] == f"http://127.0.0.1:{front}/app/about"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_cookies_fit(client) -> None:
    client.request("GET", "/app/login")
    response = client.getresponse()
    assert response.headers["Set-Cookie"] == "session=42; Path=/app/; Domain=localhost; HttpOnly"


def test_the_root_leads_to_the_application(client, front: int) -> None:
    client.request("GET", "/")
    assert client.getresponse().headers["Location"] == f"http://127.0.0.1:{front}/app/"


def test_websocket_passes(front: int) -> None:
    with socket.create_connection(("127.0.0.1", front), timeout=5) as connection:
        connection.sendall(
            b"GET /app/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with connection.makefile("rb") as stream:
            assert stream.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
            while stream.readline() != b"\r\n":
                pass
            # A masked frame with "hi"; the mask is four zeros.
            connection.sendall(b"\x81\x82\0\0\0\0hi")
            assert stream.read(4) == b"\x81\x02hi"


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.01)
    pytest.fail("revproxy did not start")
