"""Log writers on real files, pipes and programs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from revproxy import logs
from revproxy.logs import BUFFER_SIZE, LogError, Logs, PipeWriter


@pytest.fixture(autouse=True)
def _none_waiting():
    yield
    logs.flush_all(final=True)


def test_compiling_opens_nothing(tmp_path: Path) -> None:
    Logs().writer(str(tmp_path / "access"))
    assert not (tmp_path / "access").exists()


def test_lines_leave_together_when_the_loop_waits(tmp_path: Path) -> None:
    table = Logs()
    writer = table.writer(str(tmp_path / "access"))
    assert table.writer(str(tmp_path / "access")) is writer
    table.open()
    writer.write(b"one\n")
    writer.write(b"two\n")
    assert (tmp_path / "access").read_bytes() == b""
    logs.flush_all()
    assert (tmp_path / "access").read_bytes() == b"one\ntwo\n"
    writer.write(b"three\n")
    table.close()
    assert (tmp_path / "access").read_bytes() == b"one\ntwo\nthree\n"


class Signal:
    def __init__(self) -> None:
        self.count = 0

    def set(self) -> None:
        self.count += 1


def test_the_loop_is_told_once_that_lines_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = Signal()
    monkeypatch.setattr(logs, "pending", signal)
    monkeypatch.setattr(logs, "_waiting", [])
    table = Logs()
    writer = table.writer(str(tmp_path / "access"))
    table.open()
    writer.write(b"one\n")
    writer.write(b"two\n")
    assert signal.count == 1
    logs.flush_all()
    writer.write(b"three\n")
    assert signal.count == 2
    table.close()


def test_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    table = Logs()
    writer = table.standard_error()
    assert table.standard_error() is writer
    table.open()
    writer.write(b"one\n")
    table.close()
    assert capfd.readouterr().err == "one\n"


def test_a_full_buffer_leaves_at_once(tmp_path: Path) -> None:
    table = Logs()
    writer = table.writer(str(tmp_path / "access"))
    table.open()
    writer.write(b"x" * BUFFER_SIZE + b"\n")
    assert (tmp_path / "access").stat().st_size == BUFFER_SIZE + 1
    table.close()


def test_buffered_lines_wait_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    table = Logs()
    writer = table.writer(str(tmp_path / "access"))
    writer.is_buffered = True
    table.open()
    writer.write(b"one\n")
    logs.flush_all()
    assert (tmp_path / "access").read_bytes() == b""
    now[0] += 2
    logs.flush_all()
    assert (tmp_path / "access").read_bytes() == b"one\n"
    table.close()


def test_an_existing_file_is_appended_to(tmp_path: Path) -> None:
    (tmp_path / "access").write_bytes(b"old\n")
    table = Logs()
    table.writer(str(tmp_path / "access")).write(b"new\n")
    table.open()
    table.close()
    assert (tmp_path / "access").read_bytes() == b"old\nnew\n"


def test_another_configuration_opens_anew_after_a_rotation(tmp_path: Path) -> None:
    old, new = Logs(), Logs()
    first = old.writer(str(tmp_path / "access"))
    old.open()
    first.write(b"one\n")
    (tmp_path / "access").rename(tmp_path / "access.1")
    second = new.writer(str(tmp_path / "access"))
    new.open()
    second.write(b"two\n")
    first.write(b"three\n")
    old.close()
    new.close()
    assert (tmp_path / "access.1").read_bytes() == b"one\nthree\n"
    assert (tmp_path / "access").read_bytes() == b"two\n"


def test_what_cannot_be_opened_says_where_it_stands(tmp_path: Path) -> None:
    table = Logs()
    table.writer(str(tmp_path / "good"))
    table.writer(str(tmp_path / "none" / "access"), "httpd.conf:7")
    with pytest.raises(LogError, match=r"/none/access' defined at httpd\.conf:7: No such file"):
        table.open()


def test_a_full_disk_loses_lines_but_not_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    table = Logs()
    writer = table.writer("/dev/full")
    table.open()
    writer.write(b"one\n")
    writer.write(b"two\n")
    logs.flush_all()
    table.close()
    assert "2 lines of log /dev/full were lost: No space left" in capsys.readouterr().err


def wait_for(pid: int) -> None:
    os.waitpid(pid, 0)


@pytest.mark.parametrize("mark", ["|", "||", "|$"])
def test_a_program_reads_the_lines(tmp_path: Path, mark: str) -> None:
    target = tmp_path / "out put"
    words = f"'{target}'"
    command = f"cat > {words}" if mark == "|$" else f"dd status=none 'of={target}'"
    table = Logs()
    writer = table.writer(f"{mark}{command}")
    assert isinstance(writer, PipeWriter)
    table.open()
    writer.write(b"one\n")
    table.close()
    wait_for(writer.pid)
    assert target.read_bytes() == b"one\n"


def test_a_program_that_died_is_started_on_the_same_pipe(tmp_path: Path) -> None:
    target = tmp_path / "out"
    table = Logs()
    writer = table.writer(f"|$exec dd status=none bs=4 count=1 of='{target}'.$$")
    assert isinstance(writer, PipeWriter)
    table.open()
    first = writer.pid
    writer.write(b"one\n")
    logs.flush_all()
    wait_for(first)
    writer.write(b"two\n")
    logs.flush_all()
    assert not table.reaped(first + 1_000_000)
    assert table.reaped(first)
    assert writer.pid != first
    wait_for(writer.pid)
    table.close()
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"one\n", b"two\n"]


def test_a_program_that_does_not_read_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "_BACKLOG_SIZE", 64 * 1024)
    monkeypatch.setattr(logs, "_LAST_WAIT", 0.0)
    table = Logs()
    writer = table.writer("|sleep 60")
    assert isinstance(writer, PipeWriter)
    table.open()
    for _ in range(300):
        writer.write(b"x" * 999 + b"\n")
        logs.flush_all()
    assert "were lost: nobody reads them" in capsys.readouterr().err
    os.kill(writer.pid, 9)
    wait_for(writer.pid)
    table.close()


def test_what_waits_for_a_slow_program_comes_in_order(tmp_path: Path) -> None:
    fifo, target = tmp_path / "gate", tmp_path / "out"
    os.mkfifo(fifo)
    table = Logs()
    writer = table.writer(f"|$read line < '{fifo}'; exec cat > '{target}'")
    assert isinstance(writer, PipeWriter)
    table.open()
    lines = [b"%06d%s\n" % (number, b"x" * (number % 50) * 200) for number in range(150)]
    for line in lines:
        writer.write(line)
        logs.flush_all()
    fifo.write_text("go\n")
    table.close()
    wait_for(writer.pid)
    assert target.read_bytes() == b"".join(lines)


def test_a_program_that_is_not_there_is_an_error() -> None:
    table = Logs()
    table.writer("|/nowhere/rotate", "httpd.conf:3")
    with pytest.raises(LogError, match=r"'\|/nowhere/rotate' defined at httpd\.conf:3"):
        table.open()


def test_lines_of_two_processes_never_mix(tmp_path: Path) -> None:
    code = (
        "import sys; from revproxy import logs\n"
        "table = logs.Logs(); writer = table.writer(sys.argv[1]); table.open()\n"
        "for n in range(3000): writer.write(sys.argv[2].encode() * (n % 90) + b'\\n')\n"
        "table.close()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "access")]
    processes = [subprocess.Popen([*command, letter]) for letter in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    for line in (tmp_path / "access").read_bytes().splitlines():
        assert line in (b"a" * len(line), b"b" * len(line))


def test_syslog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    daemon.bind(str(tmp_path / "log"))
    monkeypatch.setattr(logs, "SYSLOG", str(tmp_path / "log"))
    table = Logs()
    writer = table.syslog("syslog:local3:web")
    table.open()
    writer.send(3, b"a message")
    assert daemon.recv(1000) == b"<155>web[%d]: a message" % os.getpid()
    unknown = table.syslog("syslog:nothing")
    unknown.send(4, b"m")
    assert daemon.recv(1000) == b"<188>revproxy[%d]: m" % os.getpid()
    table.close()
    daemon.close()


def test_syslog_without_a_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "SYSLOG", str(tmp_path / "none"))
    table = Logs()
    writer = table.syslog("syslog")
    table.open()
    writer.send(3, b"a message")
    table.close()
    assert "1 lines of log syslog were lost" in capsys.readouterr().err


def test_another_configuration_has_its_own_targets() -> None:
    table = Logs()
    former = logs.swap(table)
    assert logs.current() is table
    assert logs.swap(former) is table
