"""The supervisor and its child processes, as an operator handles them: signals, reloads, deaths."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from revproxy.demo.site import Server

REVPROXY = [sys.executable, "-m", "revproxy.cli"]


class Origin(BaseHTTPRequestHandler):
    """Answers every GET with its path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def origin() -> Iterator[int]:
    with Server(0, Origin) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Running:
    """A running server and what it wrote."""

    def __init__(self, directory: Path, origin: int, more: str = "") -> None:
        self.directory = directory
        self.file = directory / "httpd.conf"
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self.port: int = door.getsockname()[1]
        self.origin = origin
        self.write("one", more)
        self.process = subprocess.Popen(
            [*REVPROXY, "run", "-f", str(self.file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.wait_for("configured -- resuming")

    def write(self, name: str, more: str = "") -> None:
        self.file.write_text(
            f"Listen 127.0.0.1:{self.port}\nServerName {name}\nPidFile {self.directory}/pid\n"
            f"ErrorLog {self.directory}/error.log\nLogLevel info\n"
            f'LogFormat "%v %r %>s" short\nCustomLog {self.directory}/access.log short\n'
            f"<IfModule mpm_trio_module>\nProcesses 2\n</IfModule>\n"
            f"MaxKeepAliveRequests 0\nKeepAliveTimeout 5\n"
            f"ProxyPass / http://127.0.0.1:{self.origin}/\nHeader set X-Name {name}\n{more}\n"
        )

    def log(self, name: str = "error.log") -> str:
        path = self.directory / name
        return path.read_text() if path.exists() else ""

    def wait_for(self, text: str, count: int = 1) -> None:
        """Wait until the error log has `text`, for ten seconds."""
        waited = threading.Event()
        for _ in range(500):
            if len(re.findall(text, self.log())) >= count:
                return
            assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
            waited.wait(0.02)
        raise AssertionError(f"{text!r} did not come:\n{self.log()}")

    def get(self, path: str = "/x") -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        answer = (response.status, response.getheader("X-Name"), response.read())
        connection.close()
        return answer

    def wait_served_by(self, name: str) -> None:
        """Wait until a child of this name answers: an old one may until it is told to wind up."""
        waited = threading.Event()
        for _ in range(500):
            if self.get()[:2] == (200, name):
                return
            waited.wait(0.02)
        raise AssertionError(f"{name} never answered")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def children(self) -> set[int]:
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(word) for word in found.split()}

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(10)


@contextmanager
def run(directory: Path, origin: int, more: str = "") -> Iterator[Running]:
    server = Running(directory, origin, more)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


def test_it_serves_stops_and_loses_no_log_line(tmp_path: Path, origin: int) -> None:
    with run(tmp_path, origin) as server:
        assert (tmp_path / "pid").read_text() == f"{server.process.pid}\n"
        for number in range(20):
            assert server.get(f"/{number}") == (200, "one", f"/{number}".encode())
        assert server.stop() == 0
        lines = server.log("access.log").splitlines()
        assert sorted(lines) == sorted(f"one GET /{number} HTTP/1.1 200" for number in range(20))
        assert not (tmp_path / "pid").exists()


class Asker(threading.Thread):
    """A client that asks again and again, and notes what went wrong."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        super().__init__()
        self.port = port
        self.halt = stop
        self.count = 0
        self.failures: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.halt.is_set():
            try:
                connection.request("GET", "/x")
                response = connection.getresponse()
                if response.status != 200 or response.read() != b"/x":
                    self.failures.append(f"status {response.status}")
                self.count += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()


def test_no_request_is_lost_by_reloads(tmp_path: Path, origin: int) -> None:
    stop = threading.Event()
    with run(tmp_path, origin) as server:
        askers = [Asker(server.port, stop) for _ in range(4)]
        for asker in askers:
            asker.start()
        for number, name in enumerate(("two", "three", "four"), 2):
            server.write(name)
            server.signal(signal.SIGHUP if number % 2 else signal.SIGUSR1)
            server.wait_for("configured -- resuming", number)
            enough = sum(asker.count for asker in askers) + 200
            waited = threading.Event()
            while sum(asker.count for asker in askers) < enough:
                waited.wait(0.01)
        stop.set()
        for asker in askers:
            asker.join()
        assert server.get()[1] == "four"
        assert server.stop() == 0
    assert [failure for asker in askers for failure in asker.failures] == []


EARLY = """
import os, signal
from revproxy.plan.load import load_text
from revproxy.server.addresses import AddressCounts
from revproxy.server.child import hear_early, run_child

plan = load_text("", server_root="/nonexistent").plan()
lifeline, _ = os.pipe()
hear_early()
os.kill(os.getpid(), signal.SIGUSR1)
run_child(plan, [], lifeline, AddressCounts())
print("wound up")
"""


def test_a_signal_that_comes_before_a_child_listens_is_heard() -> None:
    command = [sys.executable, "-c", EARLY]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"wound up\n")


def test_a_wrong_file_keeps_the_old_one_running_and_says_why(tmp_path: Path, origin: int) -> None:
    with run(tmp_path, origin) as server:
        server.write("two", "ProxyPas /a http://b/")
        server.signal(signal.SIGHUP)
        server.wait_for("Invalid command 'ProxyPas'")
        assert server.get()[:2] == (200, "one")
        server.write("three", "Listen 203.0.113.1:1")
        server.signal(signal.SIGUSR1)
        server.wait_for("could not bind to address 203.0.113.1:1")
        assert server.get()[:2] == (200, "one")
        server.write("four")
        server.signal(signal.SIGHUP)
        server.wait_for("configured -- resuming", 2)
        server.wait_served_by("four")


def test_a_child_that_dies_is_replaced(tmp_path: Path, origin: int) -> None:
    with run(tmp_path, origin) as server:
        before = server.children()
        assert len(before) == 2
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        server.wait_for("replacing it", 2)
        waited = threading.Event()
        while len(server.children()) < 2:
            waited.wait(0.02)
        assert not server.children() & before
        assert server.get()[:2] == (200, "one")


def test_children_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path, origin: int) -> None:
    with run(tmp_path, origin) as server:
        children = server.children()
        assert server.get()[0] == 200
        server.process.kill()
        server.process.wait()
        waited = threading.Event()
        for _ in range(500):
            if not any(Path(f"/proc/{pid}").exists() for pid in children):
                return
            waited.wait(0.02)
        raise AssertionError("the children went on")


def ask_on(client: socket.socket) -> bytes:
    """One kept-alive request on a connection; b"" where it is closed."""
    try:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        return client.recv(4096)
    except ConnectionError:
        return b""


def test_an_address_with_too_many_connections_is_shut_out(tmp_path: Path, origin: int) -> None:
    more = "<IfModule mpm_trio_module>\nConnectionsPerAddress 2\n</IfModule>"
    with run(tmp_path, origin, more) as server, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", server.port)
        clients, answers = [], []
        for _ in range(3):
            clients.append(stack.enter_context(socket.create_connection(address)))
            answers.append(ask_on(clients[-1])[:15])
        assert answers == [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK", b""]
        clients[0].close()
        # The place is free when the server has seen the end.
        for _ in range(500):
            with socket.create_connection(address) as client:
                if ask_on(client):
                    return
            time.sleep(0.01)
        raise AssertionError("the place of an ended connection was not given away")


def test_idle_connections_make_room_at_the_limit(tmp_path: Path, origin: int) -> None:
    more = (
        "MaxRequestWorkers 1\nAsyncRequestWorkerFactor 2\nKeepAliveTimeout 100\n"
        "<IfModule mpm_trio_module>\nProcesses 1\n</IfModule>"
    )
    with run(tmp_path, origin) as server, contextlib.ExitStack() as stack:
        server.write("one", more)
        server.signal(signal.SIGHUP)
        server.wait_for("configured -- resuming", 2)
        address = ("127.0.0.1", server.port)
        for _ in range(12):
            client = stack.enter_context(socket.create_connection(address, timeout=10))
            assert ask_on(client).startswith(b"HTTP/1.1 200 OK")


def test_a_graceful_stop_finishes_what_runs(tmp_path: Path, origin: int) -> None:
    with run(tmp_path, origin) as server:
        # With one child, who came first is accepted first.
        server.write("one", "<IfModule mpm_trio_module>\nProcesses 1\n</IfModule>")
        server.signal(signal.SIGHUP)
        server.wait_for("configured -- resuming", 2)
        with (
            socket.create_connection(("127.0.0.1", server.port)) as client,
            socket.create_connection(("127.0.0.1", server.port)) as idle,
        ):
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nX: ")
            idle.sendall(b"GET /idle HTTP/1.1\r\nHost: a\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
            server.signal(signal.SIGWINCH)
            server.wait_for("shutting down gracefully")
            # The end of an idle connection tells that the child has heard of it.
            while idle.recv(4096):
                pass
            client.sendall(b"y\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nConnection: close\r\n" in answer
        assert server.process.wait(10) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ServerName a\n", "no listening sockets available"),
        ("Listen 203.0.113.1:1\n", "could not bind to address 203.0.113.1:1"),
        ("Listen 127.0.0.1:1\nListn 2\n", "Invalid command 'Listn'"),
        ("Listen 127.0.0.1:@\nErrorLog /nonexistent/x/log\n", "/nonexistent/x/log"),
    ],
)
def test_what_cannot_start_says_so(tmp_path: Path, text: str, message: str) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    file = tmp_path / "httpd.conf"
    file.write_text(text.replace("@", str(port)))
    done = subprocess.run(
        [*REVPROXY, "run", "-f", str(file)], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
