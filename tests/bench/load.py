"""The load: wrk for many small requests, plain sockets for few big ones.

Laws:
- A failed request is never counted as a request: it ends the bench with a message.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Referer": "http://www.example.test/start/page?query=1",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Priority": "u=0, i",
}


@dataclass(frozen=True, slots=True)
class Burst:
    """What one burst of load came to."""

    requests: int
    p99: float
    """Milliseconds."""


@dataclass(frozen=True, slots=True)
class Wrk:
    """A load of small requests; each connection goes through `targets` in turn."""

    targets: tuple[tuple[str, str], ...] = (("h0.example.test", "/some/page?id=4711"),)
    """(host, path with query)"""
    close: bool = False
    body: int = 0
    connections: int = 32
    secured: bool = False
    unlike: bool = False
    """No two requests are alike: path, query and session are new each time."""
    login: str = ""
    """user:password of the Basic scheme."""

    def script(self, directory: Path) -> Path:
        """Write the Lua that makes the requests ahead of the run."""
        headers = dict(BROWSER)
        if self.login:
            token = base64.b64encode(self.login.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        if self.close:
            headers["Connection"] = "close"
        if self.body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        method = "POST" if self.body else "GET"
        body = f'string.rep("x", {self.body})' if self.body else "nil"
        lines = ["local made, n = {}, 0", "init = function(args)"]
        for host, path in self.targets:
            fields = ", ".join(f'["{k}"]="{v}"' for k, v in {"Host": host, **headers}.items())
            lines.append(
                f'  made[#made + 1] = wrk.format("{method}", "{path}", {{{fields}}}, {body})'
            )
        lines += ["end", "request = function()", "  n = n % #made + 1", "  return made[n]", "end"]
        if self.unlike:
            lines = [_UNLIKE % (fields, method)]
        path = directory / f"load-{abs(hash(self))}.lua"
        path.write_text("\n".join(lines))
        return path

    def burst(self, port: int, seconds: float, script: Path, cores: set[int] | None) -> Burst:
        """Run wrk once; it is told whole seconds."""
        pin = ["taskset", "-c", ",".join(map(str, sorted(cores)))] if cores else []
        count = str(self.connections)
        scheme = "https" if self.secured else "http"
        command = [*pin, "wrk", "-t1", "-c", count, f"-d{max(1, round(seconds))}s", "--latency"]
        done = subprocess.run(
            [*command, "-s", str(script), f"{scheme}://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            check=True,
        )
        wrong = re.search(r"Non-2xx.*|Socket errors.*", done.stdout)
        if wrong and not re.search(r"connect 0, read \d+, write 0, timeout 0", wrong[0]):
            raise RuntimeError(f"wrk on port {port}: {wrong[0]}")
        requests = re.search(r"(\d+) requests in", done.stdout)
        latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
        if requests is None or latency is None or not int(requests[1]):
            raise RuntimeError(f"wrk on port {port}: {done.stdout}")
        unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[latency[2]]
        return Burst(int(requests[1]), float(latency[1]) * unit)


_UNLIKE = """local n = 0
request = function()
  n = n + 1
  local fields = {%s}
  fields["Cookie"] = "theme=dark; session=" .. n * 7919
  return wrk.format("%s", "/dynamic/" .. n .. "/page?id=" .. n, fields)
end"""


def download(port: int, path: str, size: int) -> None:
    """Fetch a big body and throw it away."""
    buffer = bytearray(1 << 20)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(_head("GET", path, "Connection: close\r\n"))
        got = 0
        while count := connection.recv_into(buffer):
            got += count
        if got < size:
            raise RuntimeError(f"download from port {port}: {got} of {size} octets")


def upload(port: int, path: str, size: int) -> None:
    """Send a big body and read the short answer."""
    piece = os.urandom(1 << 20)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(_head("POST", path, f"Content-Length: {size}\r\nConnection: close\r\n"))
        for _ in range(size // len(piece)):
            connection.sendall(piece)
        answer = connection.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"upload to port {port}: {answer[:200]!r}")


def _head(method: str, path: str, more: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: h0.example.test\r\n{more}\r\n".encode("latin-1")
