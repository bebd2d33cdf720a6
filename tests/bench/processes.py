"""A server as a tree of processes: started, pinned, measured, stopped.

Laws:
- CPU time is the scheduler's nanoseconds of every thread of every process of the session that
  the server was started in; clock ticks mislead by half.
- Memory is the proportional set size, so that what forked children share counts once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


class Tree:
    """A running server and all the processes below it."""

    def __init__(self, command: Sequence[str], output: Path, cores: set[int] | None) -> None:
        prefix = ["taskset", "-c", ",".join(map(str, sorted(cores)))] if cores else []
        with output.open("wb") as sink:
            self._process = subprocess.Popen(
                [*prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._output = output

    def pids(self) -> list[int]:
        """The processes of the server's session."""
        session = str(self._process.pid)
        found = []
        for path in Path("/proc").iterdir():
            if path.name.isdigit():
                with contextlib.suppress(OSError):
                    stat = (path / "stat").read_text()
                    if stat.rpartition(")")[2].split()[3] == session:
                        found.append(int(path.name))
        return found

    def cpu(self) -> int:
        """Nanoseconds on a processor so far."""
        total = 0
        for pid in self.pids():
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(path.read_text().split()[0])
        return total

    def pss(self) -> int:
        """KiB of memory, shared pages split among their owners."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
        return total

    @property
    def pid(self) -> int:
        """The main process, that takes signals."""
        return self._process.pid

    def peak(self) -> int:
        """KiB: the most that any one of its processes ever had resident."""
        most = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith("VmHWM:"):
                        most = max(most, int(line.split()[1]))
        return most

    def await_answer(self, port: int, patience: float = 60.0) -> None:
        """Return when the server answers a request."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
            ):
                connection.sendall(b"HEAD / HTTP/1.0\r\nHost: h0.example.test\r\n\r\n")
                if connection.recv(16):
                    return
            time.sleep(0.005)
        raise RuntimeError(f"{self._process.args}: {self._output.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the session's processes."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        for pid in self.pids():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[str], output: Path, cores: set[int] | None, port: int
) -> Iterator[Tree]:
    """The server up and answering, for as long as the block lasts."""
    tree = Tree(command, output, cores)
    try:
        tree.await_answer(port)
        yield tree
    finally:
        tree.stop()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
