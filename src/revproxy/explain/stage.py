"""The lane of a request that is played: all who take part, until the one who asks has ended.

Laws:
- Trio runs only where somebody asks for it (a request's body, a thread, a program): to load it
  takes longer than all else that `revproxy explain` does.
- Nobody outside takes part: where none has anything to do, nothing more will happen. With trio
  somebody may wait for time, though not longer than `PATIENCE`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from revproxy.lane import Lane, Stepped

if TYPE_CHECKING:
    import trio

PATIENCE: Final = 30.0


class Stage(Lane):
    """A lane that runs by itself, and with trio from the moment it is asked for."""

    def __init__(self) -> None:
        super().__init__(None)
        self._for_trio: list[tuple[Callable[..., Awaitable[None]], tuple[Any, ...]]] = []
        self._players: list[Stepped] = []
        self._is_over = False
        self._over: trio.Event | None = None

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Stepped:
        """As in every lane; `close` will end it."""
        task = Stepped(self, coroutine)
        self._players.append(task)
        task.step()
        return task

    def start_in_trio(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """As in every lane, once trio runs."""
        if self.nursery is None:
            self._for_trio.append((function, args))
        else:
            super().start_in_trio(function, *args)

    def play(self, leading: Coroutine[Any, Any, None]) -> None:
        """Step everybody until this coroutine ends."""
        self.start(self._to_the_end(leading))
        while not self._is_over and not self._for_trio and self._goes_on():
            pass
        if self._for_trio and not self._is_over:
            import trio

            trio.run(self._play_in_trio)

    def close(self) -> None:
        """End those who still wait."""
        for task in self._players:
            task.stop()
        self._epoll.close()

    async def _to_the_end(self, leading: Coroutine[Any, Any, None]) -> None:
        try:
            await leading
        finally:
            self._is_over = True
            if self._over is not None:
                self._over.set()

    def _goes_on(self) -> bool:
        """Step each that can go on, once; False where there is none."""
        events = self._epoll.poll(0)
        count = len(self._ready)
        self._dispatch(events)
        for _ in range(count):
            self._ready.popleft().step()
        return bool(events or count)

    async def _play_in_trio(self) -> None:
        import trio

        self._over = trio.Event()
        async with trio.open_nursery() as self.nursery:
            for function, args in self._for_trio:
                self.start_in_trio(function, *args)
            self.nursery.start_soon(self.run)
            with trio.move_on_after(PATIENCE):
                await self._over.wait()
            self.nursery.cancel_scope.cancel()
