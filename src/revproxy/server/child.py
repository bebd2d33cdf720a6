"""A child process: one thread, one trio loop, until it is told to stop.

Laws:
- SIGTERM ends every exchange now; SIGUSR1 and SIGWINCH let each finish first.
- A child whose supervisor dies winds up by itself.
- A winding-up child accepts nothing; what waits in the listening sockets is its successors'.
- Log lines are written within a few hundredths of a second, and all of them before the end.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from collections.abc import Sequence
from typing import Final

import trio

from revproxy import logs, scoreboard
from revproxy.lane import Lane, Stepped, install
from revproxy.plan.plan import Plan
from revproxy.server.addresses import AddressCounts
from revproxy.server.admission import Admission
from revproxy.server.listen import accept_loop
from revproxy.server.watchdog import Watchdog

_LOG_DELAY: Final = 0.05
"""Seconds for which log lines may be held together."""


_HEARD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGWINCH)
_early: list[int] = []
"""Signals that came before anybody listened: another reload may begin while a child starts."""


def hear_early() -> None:
    """Remember signals until the child listens to them, where they would end it."""
    for number in _HEARD:
        signal.signal(number, lambda number, _frame: _early.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def run_child(
    plan: Plan, sockets: Sequence[socket.socket], lifeline: int, counts: AddressCounts
) -> None:
    """Serve until a signal says otherwise, or `lifeline` ends: a pipe the supervisor holds."""
    # An exchange leaves little for the collector; looking seldom saves 2 µs a request.
    gc.set_threshold(20_000, 20, 20)
    try:
        plan.open()
        trio.run(_main, plan, sockets, lifeline, counts, strict_exception_groups=True)
    finally:
        plan.close()
        logs.flush_all(final=True)


async def _main(
    plan: Plan, sockets: Sequence[socket.socket], lifeline: int, counts: AddressCounts
) -> None:
    watchdog = Watchdog(_resolution(plan))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watchdog.run)
        nursery.start_soon(_flush_logs)
        nursery.start_soon(_tell_scoreboard, watchdog)
        lane = Lane(nursery)
        install(lane)
        watchdog.look()
        admission = Admission(plan, watchdog, counts)
        acceptors = [
            lane.start(accept_loop(sock, plan, watchdog, lane, admission)) for sock in sockets
        ]
        nursery.start_soon(_obey, watchdog, acceptors, plan.graceful_shutdown_timeout)
        nursery.start_soon(_outlive_nobody, lifeline)
        nursery.start_soon(lane.run)
        await watchdog.stopped()
        nursery.cancel_scope.cancel()


def _resolution(plan: Plan) -> float:
    """A fifth of the shortest timeout, between 50 ms and a second."""
    shortest = min(
        timeout
        for host in (plan.main, *plan.hosts)
        for timeout in (host.timeout, host.keep_alive_timeout)
    )
    return min(1.0, max(0.05, shortest / 5))


async def _flush_logs() -> None:
    while True:
        # What was written before there was an event to set leaves here too.
        waiting = logs.pending = trio.Event()
        logs.flush_all()
        await waiting.wait()
        await trio.sleep(_LOG_DELAY)


async def _tell_scoreboard(watchdog: Watchdog) -> None:
    """Say once a second how many connections have a request, and how many are kept alive."""
    board = scoreboard.current()
    while board is not None:
        kept = sum(item.is_idle for item in watchdog.watched)
        board.tell(len(watchdog.watched) - kept, kept, stops=watchdog.is_stopping)
        await trio.sleep(1)


async def _outlive_nobody(lifeline: int) -> None:
    """Wind up where the supervisor is gone: nobody else would ever end this process."""
    await trio.lowlevel.wait_readable(lifeline)
    os.kill(os.getpid(), signal.SIGUSR1)


async def _obey(watchdog: Watchdog, acceptors: list[Stepped], limit: float) -> None:
    """Turn signals into the end: at once, or after the exchanges that run."""
    with trio.open_signal_receiver(*_HEARD) as signals:
        for number in _early:
            os.kill(os.getpid(), number)
        async for number in signals:
            for acceptor in acceptors:
                acceptor.stop()
            acceptors = []
            if number in (signal.SIGTERM, signal.SIGINT):
                watchdog.stop(hard=True)
            else:
                watchdog.stop()
                if limit:
                    await trio.sleep(limit)
                    watchdog.stop(hard=True)
