"""A request's body that an input filter stands in front of (`http.message.RequestBody`).

Laws:
- The length of one that is changed is not known before its end.
- What a filter keeps back comes out at the end; what does not fit in a buffer, at the next read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from revproxy.http.message import RequestBody


class BodyInFront(ABC):
    """A body in front of another one."""

    __slots__ = ("_body", "_rest", "is_finished", "length")

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._rest = b""
        self.length: int | None = None
        self.is_finished = False

    @property
    def expects_continue(self) -> bool:
        """The client waits for a 100 before it sends."""
        return self._body.expects_continue

    @expects_continue.setter
    def expects_continue(self, value: bool) -> None:
        self._body.expects_continue = value

    @abstractmethod
    def at_hand(self) -> bytes | None:
        """The whole body where it has come already, else None."""

    @abstractmethod
    async def read(self) -> bytes:
        """The next piece, b"" at the end. Raises HTTPError."""

    async def readinto(self, buffer: memoryview) -> int:
        """As `read`, into the front of `buffer`; 0 at the end."""
        piece = self._rest or await self.read()
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        self._rest = piece[count:]
        return count


class ChangedBody(BodyInFront):
    """A body of which a filter says what becomes of the other's pieces."""

    __slots__ = ()

    @abstractmethod
    def feed(self, data: bytes) -> bytes:
        """What becomes of a piece, b"" for nothing yet. Raises HTTPError."""

    @abstractmethod
    def finish(self) -> bytes:
        """What comes at the end. Raises HTTPError."""

    def at_hand(self) -> bytes | None:
        data = self._body.at_hand()
        if data is None:
            return None
        self.is_finished = True
        return self.feed(data) + self.finish()

    async def read(self) -> bytes:
        while not self.is_finished:
            out = self.feed(await self._body.read())
            if self._body.is_finished:
                self.is_finished = True
                out += self.finish()
            if out:
                return out
        return b""
