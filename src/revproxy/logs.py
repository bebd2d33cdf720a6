"""Where log lines go: files, programs behind a pipe, syslog.

Laws:
- A target is opened once a configuration, in the supervisor before it forks; compiling a
  configuration opens nothing, so that it can be checked without a trace. A reload opens all
  anew, which is how a rotated file is let go.
- Lines are kept in memory until `flush_all` (when the loop is about to wait) or 32 KiB; then whole
  lines leave in one write each, so that those of several child processes never mix.
- No write holds the loop up for a program that reads slowly: its lines wait, a MiB of them, and
  what is lost beyond that is counted and told on standard error.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import socket

BUFFER_SIZE: Final = 32 * 1024
SYSLOG = "/dev/log"
PIPE_SIZE: Final = select.PIPE_BUF
_BUFFERED_SECONDS: Final = 1.0
_BACKLOG_SIZE: Final = 1 << 20
_LAST_WAIT: Final = 5.0
_REPORT_SECONDS: Final = 60.0

_waiting: list[LogWriter] = []
"""Writers with lines that have not left yet."""


class Signal(Protocol):
    """What is told when a line waits."""

    def set(self) -> object:
        """A line waits."""
        ...


pending: Signal | None = None
"""Set when a line waits for `flush_all`, for the loop that calls it."""


class LogError(OSError):
    """A log that cannot be opened; the text says all."""


class LogWriter:
    """One target of log lines; `write` takes a whole line with its newline."""

    def __init__(self, target: str, defined_at: str = "") -> None:
        self.target = target
        self.defined_at = defined_at
        self.is_buffered = False
        """BufferedLogs: lines may stay a second, so that more of them leave together."""
        self._pending: list[bytes] = []
        self._size = 0
        self._is_waiting = False
        self._since = 0.0
        self._lost = 0
        self._reported = -_REPORT_SECONDS
        self._fd = -1
        self._unit = 0
        """Octets that one write takes without mixing; 0 for any number."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.target!r}>"

    def open(self) -> None:
        """Make the target ready. Raises LogError."""
        raise NotImplementedError

    def close(self) -> None:
        """Write what is left and let the target go."""
        self.flush(final=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def write(self, line: bytes) -> None:
        """Take one line."""
        if not self._is_waiting:
            self._is_waiting = True
            _waiting.append(self)
            if self.is_buffered:
                self._since = time.monotonic()
            if pending is not None:
                pending.set()
        self._pending.append(line)
        self._size += len(line)
        if self._size >= BUFFER_SIZE:
            self.flush()

    def may_wait(self) -> bool:
        """Whether the lines at hand need not leave yet."""
        return (
            self.is_buffered
            and self._size < BUFFER_SIZE
            and time.monotonic() - self._since < _BUFFERED_SECONDS
        )

    def flush(self, *, final: bool = False) -> None:
        """Write the lines at hand; `final` waits for a slow reader, for some seconds."""
        if self._fd < 0:
            return
        lines, self._pending = self._pending, []
        deadline = time.monotonic() + _LAST_WAIT if final else 0.0
        index = 0
        try:
            while index < len(lines):
                end = self._fitting(lines, index)
                piece = b"".join(lines[index:end])
                rest = self._send(piece, deadline)
                if rest:
                    if len(rest) < len(piece):
                        lines[index:end] = [rest]
                    break
                index = end
        except OSError as error:
            self._lose(len(lines) - index, error.strerror or str(error))
            index = len(lines)
        left = lines[index:]
        self._size = sum(map(len, left))
        if left and (final or self._size > _BACKLOG_SIZE):
            self._lose(len(left), "nobody reads them")
            left = []
            self._size = 0
        self._pending = left

    def _send(self, data: bytes, deadline: float) -> bytes:
        """Write a piece; what is left of it where the reader is slow. Raises OSError."""
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                left = deadline - time.monotonic()
                poller = select.poll()
                poller.register(self._fd, select.POLLOUT)
                if left <= 0 or not poller.poll(left * 1000):
                    return data
        return data

    def _fitting(self, lines: list[bytes], start: int) -> int:
        """The index behind the lines from `start` that one write takes whole; at least one."""
        if self._unit == 0:
            return len(lines)
        size = len(lines[start])
        end = start + 1
        while end < len(lines) and size + len(lines[end]) <= self._unit:
            size += len(lines[end])
            end += 1
        return end

    def settle(self) -> bool:
        """Note that nothing waits any more; False where something does."""
        self._is_waiting = bool(self._pending)
        return not self._is_waiting

    def _lose(self, lines: int, reason: str) -> None:
        self._lost += lines
        now = time.monotonic()
        if self._lost and now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            report = f"revproxy: {self._lost} lines of log {self.target} were lost: {reason}\n"
            sys.stderr.write(report)
            sys.stderr.flush()
            self._lost = 0

    def _fail(self, error: OSError) -> LogError:
        place = f" defined at {self.defined_at}" if self.defined_at else ""
        return LogError(f"cannot open log '{self.target}'{place}: {error.strerror or error}")


class FileWriter(LogWriter):
    """A file that lines are appended to."""

    def open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY
        try:
            self._fd = os.open(self.target.encode("latin-1"), flags, 0o666)
            self._unit = 0 if stat.S_ISREG(os.fstat(self._fd).st_mode) else PIPE_SIZE
        except OSError as error:
            raise self._fail(error) from None


class StandardErrorWriter(LogWriter):
    """Standard error, which nobody closes here."""

    def open(self) -> None:
        self._fd = 2
        self._unit = PIPE_SIZE

    def close(self) -> None:
        self.flush(final=True)
        self._fd = -1


class PipeWriter(LogWriter):
    """A program that reads lines on its standard input.

    The supervisor keeps the reading end too: a program that died is started again on the same
    pipe, and no child ever writes into a broken one.
    """

    def __init__(self, target: str, defined_at: str = "") -> None:
        super().__init__(target, defined_at)
        self._unit = PIPE_SIZE
        self.pid = 0
        self._read_end = -1

    def open(self) -> None:
        try:
            self._read_end, self._fd = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._fd, False)
            self.start()
        except OSError as error:
            raise self._fail(error) from None

    def start(self) -> None:
        """Start the program. Raises OSError."""
        if self.target.startswith("|$"):
            command = ["/bin/sh", "-c", self.target[2:].strip()]
        else:
            import shlex

            command = shlex.split(self.target.lstrip("|")) or [""]
        words = [word.encode("latin-1") for word in command]
        self.pid = os.posix_spawnp(
            words[0],
            words,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, self._read_end, 0)],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGUSR1],
            setsigmask=[],
        )

    def close(self) -> None:
        super().close()
        if self._read_end >= 0:
            os.close(self._read_end)
            self._read_end = -1


_FACILITIES: Final = {
    name: code
    for code, name in enumerate(
        (
            "kern",
            "user",
            "mail",
            "daemon",
            "auth",
            "syslog",
            "lpr",
            "news",
            "uucp",
            "cron",
            "authpriv",
            "ftp",
        )
    )
} | {f"local{number}": 16 + number for number in range(8)}


class SyslogWriter(LogWriter):
    """The system's log daemon: `syslog[:facility[:tag]]`, facility local7 where none is known."""

    def __init__(self, target: str, defined_at: str = "") -> None:
        super().__init__(target, defined_at)
        _, _, rest = target.partition(":")
        facility, _, tag = rest.partition(":")
        self._facility = _FACILITIES.get(facility.lower(), _FACILITIES["local7"])
        self._tag = (tag or "revproxy").encode("latin-1")
        self._socket: socket.socket | None = None

    def open(self) -> None:
        # The daemon may come later: each line tries again.
        with contextlib.suppress(OSError):
            self._connect()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, severity: int, line: bytes) -> None:
        """Send one line without newline, at once."""
        head = b"<%d>%b[%d]: " % (self._facility * 8 + severity, self._tag, os.getpid())
        try:
            if self._socket is None:
                self._connect()
            if self._socket is not None:
                self._socket.send(head + line)
        except OSError as error:
            self.close()
            self._lose(1, error.strerror or str(error))

    def _connect(self) -> None:
        """Raises OSError."""
        import socket

        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            sock.connect(SYSLOG)
        except OSError:
            sock.close()
            raise
        self._socket = sock


class Logs:
    """The log targets of one configuration."""

    def __init__(self) -> None:
        self._writers: dict[str, LogWriter] = {}

    def writer(self, target: str, defined_at: str = "") -> LogWriter:
        """The writer of a target: an absolute path, or `|program`. One for each target."""
        known = self._writers.get(target)
        if known is None:
            kind = PipeWriter if target.startswith("|") else FileWriter
            known = self._writers[target] = kind(target, defined_at)
        return known

    def syslog(self, target: str, defined_at: str = "") -> SyslogWriter:
        """The writer of `syslog[:facility[:tag]]`."""
        known = self._writers.get(target)
        if not isinstance(known, SyslogWriter):
            known = self._writers[target] = SyslogWriter(target, defined_at)
        return known

    def standard_error(self) -> LogWriter:
        """The writer of this process's standard error."""
        known = self._writers.get("")
        if known is None:
            known = self._writers[""] = StandardErrorWriter("standard error")
        return known

    def open(self) -> None:
        """Open all targets. Raises LogError, and then none is open."""
        try:
            for writer in self._writers.values():
                writer.open()
        except LogError:
            self.close()
            raise

    def close(self) -> None:
        """Write what is left and close all targets."""
        for writer in self._writers.values():
            writer.close()

    def reaped(self, pid: int) -> bool:
        """Start a log program anew where it was the process that ended; True where it was."""
        for writer in self._writers.values():
            if isinstance(writer, PipeWriter) and writer.pid == pid and pid:
                try:
                    writer.start()
                except OSError as error:
                    writer.pid = 0
                    sys.stderr.write(f"revproxy: cannot start '{writer.target}': {error}\n")
                return True
        return False


_current = Logs()


def current() -> Logs:
    """The targets of the configuration that is being compiled or served."""
    return _current


def swap(logs: Logs) -> Logs:
    """Put other targets in force, for another configuration; the former ones."""
    global _current
    former, _current = _current, logs
    return former


def flush_all(*, final: bool = False) -> None:
    """Write the lines at hand of all writers; `final` before a fork and at the end of a process."""
    if not _waiting:
        return
    writers = _waiting[:]
    _waiting.clear()
    for writer in writers:
        if final or not writer.may_wait():
            writer.flush(final=final)
        if not writer.settle():
            _waiting.append(writer)
    if _waiting and pending is not None:
        pending.set()
