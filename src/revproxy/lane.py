"""The lane: plain coroutines stepped from one trio task, for what happens on every request.

A trio task costs some 8 µs a wait here (a scope check, two epoll_ctl, a reschedule); a kept-alive
request waits twice. The lane registers a socket once, edge-triggered, with an epoll set of its
own that one trio task waits on, and sends into the coroutine that waits for the socket: 1.5 of
Apache's CPU time per request before, 0.95 after (1 KiB GET, one core).

Laws:
- A coroutine of the lane waits only with `wait_readable`, `wait_writable`, `checkpoint` and
  `in_trio`; the same functions work in any trio task, where they are trio's own.
- What needs trio (names, timeouts, nurseries) runs by `in_trio` in a task of its own, and the
  coroutine goes on with its outcome. The coroutine itself never changes lanes.
- Nothing is lost between two waits: an edge that nobody waited for is remembered, and so is an
  end, and what a read left over (`note_more`). Where a read may have left something over
  (`wait_behind`), all such sockets are looked at with one call before the lane sleeps.
- A `Stepped` may be interrupted at any wait with an exception (`interrupt`): that is its timeout.
- Trio is loaded where it runs: `explain` steps most requests without it.
"""

from __future__ import annotations

import select
import sys
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from socket import socket
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import outcome
    import trio

T = TypeVar("T")

_EVENTS: Final = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_READABLE: Final = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_ENDED: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_WRITABLE: Final = select.EPOLLOUT | select.EPOLLHUP | select.EPOLLERR
_ROUNDS: Final = 16
"""Looks at the epoll set in a row before other trio tasks have their turn."""

_PATIENCE: Final = 0.001
"""Seconds that one of those looks may wait: less than any timer's resolution, and under load the
next event comes sooner (4 µs a request)."""


class Stepped:
    """A coroutine in the lane."""

    __slots__ = ("_coroutine", "_lane", "_scope", "_waits_for", "interrupted", "is_ended")

    def __init__(self, lane: Lane, coroutine: Coroutine[Any, Any, None]) -> None:
        self._lane = lane
        self._coroutine = coroutine
        self._waits_for: int | None = None
        """fd for reading, ~fd for writing; None where it waits for trio or its turn."""
        self._scope: trio.CancelScope | None = None
        self.interrupted: BaseException | None = None
        self.is_ended = False

    def interrupt(self, error: BaseException) -> None:
        """Raise `error` where the coroutine waits."""
        self.interrupted = error
        if self._scope is not None:
            self._scope.cancel()
        elif self._waits_for is not None:
            self._lane.forget_wait(self._waits_for)
            self._waits_for = None
            self._lane.wake(self)

    def stop(self) -> None:
        """End the coroutine where it waits for a socket or its turn."""
        if self._waits_for is not None:
            self._lane.forget_wait(self._waits_for)
        self._coroutine.close()
        self.is_ended = True

    def step(self) -> None:
        """Run to the next wait."""
        if self.is_ended:
            return
        self._waits_for = None
        lane = self._lane
        former, lane.current = lane.current, self
        error, self.interrupted = self.interrupted, None
        try:
            coroutine = self._coroutine
            wanted = coroutine.send(None) if error is None else coroutine.throw(error)
        except StopIteration:
            return
        except BaseException:
            # A defect in one exchange must not end the others.
            sys.excepthook(*sys.exc_info())
            return
        finally:
            lane.current = former
        if wanted.__class__ is int:
            self._waits_for = wanted
            if wanted >= 0:
                lane.readers[wanted] = self
            else:
                lane.writers[~wanted] = self
        elif wanted is None:
            lane.wake(self)
        else:
            lane.start_in_trio(self._in_trio, wanted)

    async def _in_trio(self, call: _Call) -> None:
        import outcome
        import trio

        with trio.CancelScope() as self._scope:
            if self.interrupted is not None:
                self._scope.cancel()
            call.result = await outcome.acapture(call.function, *call.arguments)
            if isinstance(call.result, outcome.Error) and isinstance(
                call.result.error, trio.Cancelled
            ):
                error = call.result.error
                call.result = None
                raise error
            # What was interrupted too late has an outcome, which must not be lost.
            self.interrupted = None
        self._scope = None
        self.step()


class _Call:
    """A function to be run in a trio task, and what came of it."""

    __slots__ = ("arguments", "function", "result")

    def __init__(self, function: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.result: outcome.Value[Any] | outcome.Error | None = None


class Lane:
    """The lane of a child process."""

    def __init__(self, nursery: trio.Nursery | None) -> None:
        self.nursery = nursery
        """Where tasks of trio's run; None where it does not."""
        self.readers: dict[int, Stepped] = {}
        self.writers: dict[int, Stepped] = {}
        """Who waits for which socket."""
        self.current: Stepped | None = None
        self.trio_tasks = 0
        """Tasks that wait for trio's loop; while there are any, the lane never waits by itself."""
        self._epoll = select.epoll()
        self._registered: set[int] = set()
        self._unseen: set[int] = set()
        """Sockets with more to read than anybody waited for."""
        self._doubtful: set[int] = set()
        """Sockets that are waited for, and may have had something to read before."""
        self._ready: deque[Stepped] = deque()
        self._woken: trio.Event | None = None
        self._has_turn = False
        """The lane's own loop runs, which steps those that are ready without being woken."""

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Stepped:
        """Step a coroutine from now on; it runs to its first wait at once."""
        task = Stepped(self, coroutine)
        task.step()
        return task

    def wake(self, task: Stepped) -> None:
        """Give a coroutine its turn soon."""
        self._ready.append(task)
        if not self._has_turn and self._woken is not None:
            self._woken.set()

    def forget_wait(self, key: int) -> None:
        """Nobody waits for this any more."""
        if key >= 0:
            self.readers.pop(key, None)
        else:
            self.writers.pop(~key, None)

    def register(self, fd: int) -> None:
        """Hear of the socket's edges from now on."""
        if fd not in self._registered:
            self._registered.add(fd)
            self._epoll.register(fd, _EVENTS)

    def must_wait(self, fd: int) -> bool:
        """Whether a read has to wait: no edge came since the last. Registers the socket."""
        if fd in self._unseen:
            self._unseen.discard(fd)
            return False
        self.register(fd)
        return True

    def note_more(self, fd: int) -> None:
        """The edge of this socket is not used up."""
        if fd in self._registered:
            self._unseen.add(fd)

    def doubt(self, fd: int) -> None:
        """Who waits for this socket may have left something over, for which no edge comes."""
        self._doubtful.add(fd)
        if not self._has_turn and self._woken is not None:
            self._woken.set()

    def forget(self, fd: int) -> None:
        """The socket is about to be closed."""
        if fd in self._registered:
            self._registered.discard(fd)
            self._doubtful.discard(fd)
            self._unseen.discard(fd)

    async def run(self) -> None:
        """Step for ever."""
        import trio

        self._woken = trio.Event()
        if self._ready:
            self._woken.set()
        assert self.nursery is not None
        self.nursery.start_soon(self._run_woken)
        fileno = self._epoll.fileno()
        while True:
            await trio.lowlevel.wait_readable(fileno)
            self._has_turn = True
            self._take_turn()
            self._has_turn = False
            if self._ready or self._doubtful:
                self._woken.set()

    def _take_turn(self) -> None:
        """Step whoever has something to do, for some rounds."""
        for _ in range(_ROUNDS):
            # While nothing runs in trio, a moment's wait here saves a turn of its loop.
            doubtful = self._doubtful
            waits = not (self.trio_tasks or self._ready or doubtful)
            events = self._epoll.poll(_PATIENCE if waits else 0)
            if doubtful:
                events += self._left_over(events)
            elif not events and not self._ready:
                return
            self._dispatch(events)
            # Each has one turn: who makes a checkpoint lets the next events come first.
            for _ in range(len(self._ready)):
                self._ready.popleft().step()

    def _left_over(self, events: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Events of sockets in doubt that have something to read, but for those that have any."""
        doubtful, self._doubtful = self._doubtful, set()
        doubtful.difference_update([fd for fd, _ in events])
        doubtful &= self.readers.keys()
        if not doubtful:
            return []
        poller = select.poll()
        for fd in doubtful:
            poller.register(fd, select.POLLIN)
        return poller.poll(0)

    def start_in_trio(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a task of trio's beside the lane."""
        assert self.nursery is not None
        self.nursery.start_soon(self._counted, function, args)

    async def _counted(
        self, function: Callable[..., Awaitable[None]], args: tuple[Any, ...]
    ) -> None:
        self.trio_tasks += 1
        try:
            await function(*args)
        finally:
            self.trio_tasks -= 1

    async def _run_woken(self) -> None:
        """Step those that no socket wakes: the interrupted, and who made a checkpoint."""
        import trio

        assert self._woken is not None
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            for _ in range(len(self._ready)):
                if self._ready:
                    self._ready.popleft().step()
            if self._doubtful:
                self._dispatch(self._left_over([]))
            if self._doubtful:
                self._woken.set()

    def _dispatch(self, events: list[tuple[int, int]]) -> None:
        take, writers = self.readers.pop, self.writers
        for fd, mask in events:
            if mask & _READABLE:
                if mask & _ENDED:
                    # The end comes with no edge of its own: whoever reads again must not wait.
                    self._unseen.add(fd)
                task = take(fd, None)
                if task is not None:
                    task.step()
                else:
                    self._unseen.add(fd)
            if writers and mask & _WRITABLE:
                task = writers.pop(fd, None)
                if task is not None:
                    task.step()


_lane: Lane | None = None


def install(lane: Lane | None) -> None:
    """Put the lane of this process in force."""
    global _lane  # noqa: PLW0603 - a process has one lane, as it has one trio loop
    _lane = lane


@types.coroutine
def _yield(wanted: Any) -> Generator[Any, None, None]:
    yield wanted


@types.coroutine
def wait_readable(sock: socket) -> Generator[Any, Any, None]:
    """Wait until the socket has something to read, an end or an error."""
    lane = _lane
    if lane is None or lane.current is None:
        import trio

        yield from trio.lowlevel.wait_readable(sock).__await__()
    else:
        fd = sock.fileno()
        if lane.must_wait(fd):
            yield fd


@types.coroutine
def wait_behind(sock: socket) -> Generator[Any, Any, None]:
    """As `wait_readable`, where the last read may have left something over in the kernel."""
    lane = _lane
    if lane is None or lane.current is None:
        import trio

        yield from trio.lowlevel.wait_readable(sock).__await__()
    else:
        fd = sock.fileno()
        if lane.must_wait(fd):
            lane.doubt(fd)
            yield fd


@types.coroutine
def wait_writable(sock: socket) -> Generator[Any, Any, None]:
    """Wait until the socket takes something."""
    lane = _lane
    if lane is None or lane.current is None:
        import trio

        yield from trio.lowlevel.wait_writable(sock).__await__()
    else:
        fd = sock.fileno()
        lane.register(fd)
        yield ~fd


async def checkpoint() -> None:
    """Let others have their turn."""
    if _lane is None or _lane.current is None:
        import trio

        await trio.lowlevel.checkpoint()
    else:
        await _yield(None)


async def in_trio(function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run what needs trio in a trio task, and wait for its outcome."""
    if _lane is None or _lane.current is None:
        return await function(*arguments)
    call = _Call(function, arguments)
    await _yield(call)
    assert call.result is not None
    result: T = call.result.unwrap()
    return result


async def sleep(seconds: float) -> None:
    """Let time pass."""
    import trio

    await in_trio(trio.sleep, seconds)


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run what computes long without Python's lock in a thread, and wait for its outcome."""
    import trio

    return await in_trio(trio.to_thread.run_sync, lambda: function(*arguments))


def note_more(sock: socket) -> None:
    """There may be more to read than was read: the next wait for it must not last."""
    if _lane is not None:
        _lane.note_more(sock.fileno())


def forget(sock: socket) -> None:
    """The socket is about to be closed."""
    if _lane is not None:
        _lane.forget(sock.fileno())
