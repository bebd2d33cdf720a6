"""The supervisor: binds, forks, watches, reloads. It runs no event loop and serves no request.

Laws:
- A reload compiles the new file first; if it is wrong, the old children go on and the error log
  says why. Else new children start on the same sockets before the old ones are told to finish:
  no moment is without somebody who accepts.
- A child that dies is replaced; one that dies at once is replaced after a pause.
- SIGTERM and SIGINT stop, SIGWINCH stops after the running exchanges, SIGHUP and SIGUSR1 reload.
"""

from __future__ import annotations

import gc
import grp
import os
import pwd
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from revproxy import logs, scoreboard
from revproxy.errors import ConfigError
from revproxy.http.wire import load_judge
from revproxy.plan.plan import Listener, Plan
from revproxy.scoreboard import DEFAULT_WORKERS, Scoreboard
from revproxy.server.addresses import AddressCounts, AddressTable
from revproxy.server.child import hear_early, run_child
from revproxy.server.listen import bind

_SIGNALS: Final = frozenset(
    (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGWINCH,
        signal.SIGCHLD,
    )
)
_CRASH_PAUSE: Final = 1.0
"""Seconds before a child is replaced that lived no longer than this."""


class StartError(Exception):
    """The server cannot start: an address or a log that cannot be had."""


class Supervisor:
    """The parent of the child processes.

    `load` compiles the configuration (raises ConfigError); `explain` says what is wrong with one.
    """

    def __init__(self, load: Callable[[], Plan], explain: Callable[[ConfigError], str]) -> None:
        self._load = load
        self._explain = explain
        self._plan: Plan
        self._sockets: dict[Listener, socket.socket] = {}
        self._children: dict[int, float] = {}
        """Process ids of the present generation, and when each began."""
        self._old: set[int] = set()
        """Children of former generations that finish."""
        self._addresses = AddressTable()
        self._board = Scoreboard()
        scoreboard.install(self._board)
        self._rows: dict[int, int] = {}
        """The row in that table which each process has."""
        self._respawn_at: list[float] = []
        # Nothing is ever written: its end, when this process ends, is what children wait for.
        self._lifeline, self._held_end = os.pipe()

    def run(self) -> int:
        """Serve until told to stop; the exit status. Raises ConfigError and StartError."""
        self._plan = self._load()
        if not self._plan.listeners:
            raise StartError("no listening sockets available: the configuration has no Listen")
        try:
            self._bind(self._plan)
            logs.current().open()
            self._write_pid()
        except (OSError, logs.LogError) as error:
            raise StartError(str(error)) from None
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        load_judge()
        gc.collect()
        gc.freeze()
        self._spawn_all()
        self._notice(
            "notice", f"{self._plan.main.server.product} configured -- resuming operations"
        )
        try:
            return self._watch()
        finally:
            self._remove_pid()
            logs.flush_all(final=True)

    # What happens.

    def _watch(self) -> int:
        while True:
            number = self._next_signal()
            if number == signal.SIGCHLD:
                self._reap()
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._notice("notice", "caught SIGTERM, shutting down")
                return self._stop(signal.SIGTERM)
            elif number == signal.SIGWINCH:
                self._notice("notice", "caught SIGWINCH, shutting down gracefully")
                return self._stop(signal.SIGUSR1)
            elif number in (signal.SIGHUP, signal.SIGUSR1):
                self._reload()
            while self._respawn_at and self._respawn_at[0] <= time.monotonic():
                self._respawn_at.pop(0)
                self._spawn()

    def _next_signal(self) -> int | None:
        if not self._respawn_at:
            return signal.sigwaitinfo(_SIGNALS).si_signo
        wait = max(0.0, self._respawn_at[0] - time.monotonic())
        info = signal.sigtimedwait(_SIGNALS, wait)
        return info.si_signo if info is not None else None

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if logs.current().reaped(pid):
                continue
            if pid in self._rows:
                row = self._rows.pop(pid)
                self._addresses.give_back(row)
                self._board.leave(row)
            self._old.discard(pid)
            if logs.current().reaped(pid):
                continue
            began = self._children.pop(pid, None)
            if began is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            self._notice("alert", f"child process {pid} ended with status {code}; replacing it")
            if time.monotonic() - began > _CRASH_PAUSE:
                self._spawn()
            else:
                self._respawn_at.append(time.monotonic() + _CRASH_PAUSE)

    def _stop(self, number: signal.Signals) -> int:
        for sock in self._sockets.values():
            sock.close()
        for pid in (*self._children, *self._old):
            _kill(pid, number)
        left = {*self._children, *self._old}
        while left:
            info = signal.sigtimedwait(_SIGNALS, 1.0)
            if info is not None and info.si_signo in (signal.SIGTERM, signal.SIGINT):
                for pid in left:
                    _kill(pid, signal.SIGTERM)
            left -= {pid for pid in left if _has_ended(pid)}
        return 0

    def _reload(self) -> None:
        self._notice("notice", "SIGHUP or SIGUSR1 received: reloading the configuration")
        former_logs = logs.swap(logs.Logs())
        try:
            plan = self._load()
            self._bind(plan)
            logs.current().open()
        except (ConfigError, OSError, logs.LogError) as error:
            logs.swap(former_logs)
            self._notice("error", "reload failed, the running configuration goes on:")
            text = self._explain(error) if isinstance(error, ConfigError) else str(error)
            for line in text.splitlines():
                self._notice("error", line)
            return
        former = list(self._children)
        self._children = {}
        self._plan = plan
        self._board.generation += 1
        self._board.configured = time.time()
        self._close_unused(plan)
        former_logs.close()
        gc.collect()
        gc.freeze()
        self._spawn_all()
        self._old.update(former)
        for pid in former:
            _kill(pid, signal.SIGUSR1)
        self._notice("notice", f"{plan.main.server.product} configured -- resuming operations")

    # Children.

    def _spawn_all(self) -> None:
        self._board.workers = self._plan.connections or DEFAULT_WORKERS
        count = self._plan.processes or len(os.sched_getaffinity(0))
        for _ in range(count):
            self._spawn()

    def _spawn(self) -> None:
        logs.flush_all(final=True)
        sys.stdout.flush()
        sys.stderr.flush()
        row = self._addresses.take()
        pid = os.fork()
        if pid:
            if row is not None:
                self._rows[pid] = row
            self._children[pid] = time.monotonic()
            return
        status = 1
        try:
            hear_early()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            _become(self._plan.user, self._plan.group)
            os.close(self._held_end)
            counts = AddressCounts(self._addresses, row)
            self._board.sit(row)
            run_child(self._plan, list(self._sockets.values()), self._lifeline, counts)
            status = 0
        except KeyboardInterrupt:
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    # Sockets, files.

    def _bind(self, plan: Plan) -> None:
        """Open what the plan listens at and is not open yet. Raises OSError naming the address."""
        for listener in plan.listeners:
            if listener not in self._sockets:
                try:
                    self._sockets[listener] = bind(
                        listener, plan.backlog, plan.receive_buffer, plan.send_buffer
                    )
                except OSError as error:
                    where = f"{listener.host or '[::]'}:{listener.port}"
                    reason = error.strerror or str(error)
                    raise OSError(
                        error.errno, f"could not bind to address {where}: {reason}"
                    ) from None

    def _close_unused(self, plan: Plan) -> None:
        for listener in set(self._sockets) - set(plan.listeners):
            self._sockets.pop(listener).close()

    def _write_pid(self) -> None:
        if self._plan.pid_file:
            Path(self._plan.pid_file).write_text(f"{os.getpid()}\n", encoding="ascii")

    def _remove_pid(self) -> None:
        if self._plan.pid_file:
            Path(self._plan.pid_file).unlink(missing_ok=True)

    def _notice(self, level: str, message: str) -> None:
        log = self._plan.main.error_log
        if log is not None:
            log.log(level, "mpm_trio", message)
            logs.flush_all()


def _kill(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _become(user: str | None, group: str | None) -> None:
    """Take the User and Group of the configuration, where started as root. Raises KeyError."""
    if os.geteuid() != 0 or user is None:
        return
    if user.startswith("#"):
        uid, name, gid = int(user[1:]), None, int(user[1:])
    else:
        entry = pwd.getpwnam(user)
        uid, name, gid = entry.pw_uid, entry.pw_name, entry.pw_gid
    if group is not None:
        gid = int(group[1:]) if group.startswith("#") else grp.getgrnam(group).gr_gid
    os.setgid(gid)
    if name is not None:
        os.initgroups(name, gid)
    else:
        os.setgroups([gid])
    os.setuid(uid)
