"""The two servers: real `apache2` and `revproxy`, each with the same file in its own directory.

Laws:
- The file under test is the same text for both but for the places (`@PORT@` ...); what only
  Apache needs (LoadModule, the size of its process) stands in a file of its own around it.
- Each server that is started is stopped, by its own process id.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.oracle.certificates import certificates
from tests.oracle.origin import Origin
from tests.oracle.text import fill, repeat

APACHE = shutil.which("apache2") or ""
REVPROXY = str(Path(sys.executable).with_name("revproxy"))
MODULES = Path("/usr/lib/apache2/modules")
LOADED = (
    *("mpm_event", "authz_core", "authz_host", "access_compat", "alias", "dir", "mime", "env"),
    *("authn_core", "authn_file", "auth_basic", "authz_user", "authz_groupfile", "remoteip"),
    "reqtimeout",
    *("setenvif", "headers", "dbd", "rewrite", "macro", "proxy", "proxy_http", "proxy_wstunnel"),
    *("filter", "deflate", "brotli", "substitute", "sed", "ratelimit", "buffer", "data"),
    *("proxy_html", "xml2enc", "charset_lite"),
)

# Servers are started in threads, while pytest changes the environment for each test it runs: a
# process that is just being started would read it amid the change (EFAULT).
ENVIRONMENT = dict(os.environ)

PRELUDE = """ServerRoot @DIR@
PidFile @DIR@/server.pid
Listen 127.0.0.1:@PORT@
Listen 127.0.0.1:@PORT2@
ServerName main.example.test
ServerAdmin admin@example.test
ErrorLog @DIR@/error.log
LogFormat "%v \\"%r\\" %>s %b \\"%{Referer}i\\"" oracle
CustomLog @DIR@/access.log oracle
<IfModule mpm_trio_module>
Processes 1
</IfModule>
"""

AROUND = """DefaultRuntimeDir {directory}
{modules}
User www-data
Group www-data
TypesConfig {directory}/mime.types
ErrorLog {directory}/error.log
StartServers 1
ServerLimit 1
ThreadLimit 16
ThreadsPerChild 16
MaxRequestWorkers 16
MinSpareThreads 1
MaxSpareThreads 16
Include {directory}/httpd.conf
"""

LINK = "→ "
"""Begins the text of a file that is a symbolic link to what follows."""

MIME = "text/html html htm\ntext/plain txt\ntext/css css\napplication/json json\nimage/png png\n"


class StartError(Exception):
    """A server did not come up; the message is what it said."""


def apache_around(directory: Path) -> Path:
    """Write the file that makes a bare httpd.conf in `directory` Apache's; return its path."""
    loaded = LOADED
    if b"SSL" in (directory / "httpd.conf").read_bytes():
        loaded = (*LOADED, "socache_shmcb", "ssl")
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in loaded)
    path = directory / "apache.conf"
    path.write_text(AROUND.format(directory=directory, modules=modules))
    return path


def lay_out(directory: Path, config: str, files: Mapping[str, str], places: dict[str, str]) -> None:
    """Put the configuration and its files where both servers can read them."""
    directory.chmod(0o755)
    (directory / "mime.types").write_text(MIME)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith(LINK):
            path.symlink_to(fill(text.removeprefix(LINK), places))
            continue
        path.write_bytes(repeat(text).encode("latin-1"))
        # 2001-02-03 04:05:06 UTC: a fixed Last-Modified and ETag on both sides.
        os.utime(path, (981173106, 981173106))
    text = fill(repeat(config), places)
    (directory / "httpd.conf").write_bytes(text.encode("latin-1"))


class Server:
    """A running server with the places of its file and its access log."""

    def __init__(self, kind: str, directory: Path, origin: Origin, dead: int) -> None:
        self.kind = kind
        self.directory = directory
        self.ports = free_ports(2)
        self.places = {
            "DIR": str(directory),
            "PORT": str(self.ports[0]),
            "PORT2": str(self.ports[1]),
            "ORIGIN": f"127.0.0.1:{origin.ports[0]}",
            "ORIGINPORT": str(origin.ports[0]),
            "ORIGIN2": f"127.0.0.1:{origin.ports[1]}",
            "ORIGIN2PORT": str(origin.ports[1]),
            "SOCK": origin.unix,
            "DEAD": f"127.0.0.1:{dead}",
            "CERTS": str(certificates()),
            **origin.places,
        }
        self._log_at = self._told_at = 0
        self._logs = 1

    @contextmanager
    def running(self, config: str, files: Mapping[str, str]) -> Iterator[None]:
        """The server up and listening, for as long as the block lasts."""
        self._logs = 1 + sum(map(config.count, ("CustomLog", "GlobalLog", "ForensicLog")))
        if "@PORT3@" in config:
            self.ports += free_ports(1)
            self.places["PORT3"] = str(self.ports[2])
        lay_out(self.directory, PRELUDE + config, files, self.places)
        with (self.directory / "output").open("wb") as output:
            process = subprocess.Popen(
                self._command(),
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_listening(process)
            yield
        finally:
            self._stop(process)

    def log_lines(self, wanted: int) -> list[str]:
        """The lines logged since the last call; `wanted` of them are waited for, a while."""
        path = self.directory / "access.log"
        start = time.monotonic()
        # Several logs write one after the other, and not all of them every time.
        settled = 0 if self._logs == 1 else 10
        data, unchanged = b"", 0
        # On a machine under load the first line takes its time.
        while time.monotonic() < start + (1.0 if data else 5.0):
            before, data = data, path.read_bytes()[self._log_at :] if path.exists() else b""
            unchanged = unchanged + 1 if data == before else 0
            if data.count(b"\n") >= wanted and unchanged >= settled:
                break
            time.sleep(0.005)
        self._log_at += len(data)
        return data.decode("latin-1").splitlines()

    def error_lines(self, module: str) -> list[str]:
        """The lines of a module in the error log since the last call: level and text."""
        data = (self.directory / "error.log").read_bytes()[self._told_at :]
        self._told_at += len(data)
        found = []
        for line in data.decode("latin-1").splitlines():
            match = _TOLD.search(line)
            if match is not None and match[1] == module:
                text = _CODE.sub("", match[3])
                found.append(f"{match[2]}: {_IDS.sub('', text)}")
        return found

    def _command(self) -> list[str]:
        if self.kind == "apache":
            around = apache_around(self.directory)
            return [APACHE, "-DFOREGROUND", "-d", str(self.directory), "-f", str(around)]
        file = self.directory / "httpd.conf"
        return [REVPROXY, "run", "-f", str(file)]

    def _await_listening(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if process.poll() is not None:
                break
            try:
                # The last is listened to last.
                for port in self.ports:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.01)
            else:
                return
        raise StartError(f"{self.kind} did not start: {self._said()}")

    def _said(self) -> str:
        said = ""
        for name in ("output", "error.log"):
            path = self.directory / name
            if path.exists():
                said += path.read_text(encoding="latin-1")[-3000:]
        return said

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


_TOLD = re.compile(r"\[([a-z_0-9]+):(\w+)\] \[pid [^]]*\] (?:\S+\(\d+\): )?(?:\[\w+ [^]]*\] )?(.*)")
_CODE = re.compile(r"^AH\d+: ")
_IDS = re.compile(r"(?<=/sid)#[0-9a-f]+|(?<=\[rid)#[0-9a-f]+")

_numbers = itertools.count(os.getpid() * 67)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on and nobody gets by chance.

    They lie below the range that clients' own ports are taken from, and none is given out twice.
    All have five digits: the same length in every text.
    """
    found: list[int] = []
    while len(found) < count:
        port = next(_PORTS)
        if str(port) in ETAG_DIGITS:
            continue
        with socket.socket() as door, contextlib.suppress(OSError):
            door.bind(("127.0.0.1", port))
            found.append(port)
    return found


# The digits of the ETag that the files' fixed time gives: no port may be taken for them.
ETAG_DIGITS = "37c5f2a724080"

# Another run of the tests on the same machine begins somewhere else.
_PORTS = itertools.count(20000 + os.getpid() * 61 % 9000)


@contextmanager
def dead_port() -> Iterator[int]:
    """A port that refuses every connection: bound, never listening."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        yield door.getsockname()[1]
