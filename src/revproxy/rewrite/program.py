"""`RewriteMap prg:`: a program that answers each key, a line, with a line.

Laws:
- One program a child process; it starts with the child and ends with it. One that has ended is
  started again, but not more than once a second.
- One question at a time; who waits stands still alone, the process goes on.
- A question that was given up leaves an answer nobody wants: the program is ended with it.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Final

import trio

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.lane import in_trio

_PAUSE: Final = 1.0
_LONGEST: Final = 1 << 20
"""Octets of an answer: a program that never ends its line is ended."""


class Program:
    """A program that answers; `command` is its file and its arguments."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._started = float("-inf")
        self._lock: trio.Lock | None = None

    def open(self) -> None:
        """Start the program. What goes wrong is told when it is asked."""
        if self._process is None:
            self._start()

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()
            process.kill()
            process.wait()

    async def answer(self, key: str, exchange: Exchange) -> str | None:
        """The line that answers a key, None where none comes. Raises HTTPError 500 in time."""
        patience = exchange.server.timeout
        late = HTTPError(500, f"RewriteMap program {self.command[0]} does not answer")
        exchange.connection.set_deadline(patience, late)
        return await in_trio(self._ask, f"{key}\n".encode("latin-1"), exchange)

    async def _ask(self, question: bytes, exchange: Exchange) -> str | None:
        if self._lock is None:
            self._lock = trio.Lock()
        async with self._lock:
            for _ in range(2):
                # One that ended while nobody asked gets a second chance.
                if self._process is None and not self._start(exchange):
                    return None
                answered = False
                try:
                    answer = await self._converse(question)
                    answered = answer is not None
                finally:
                    if not answered:
                        self.close()
                if answer is not None:
                    return answer.decode("latin-1")
        return None

    async def _converse(self, question: bytes) -> bytes | None:
        """Write the question, read the answer without its line end; None for a program's end."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        door, out = process.stdin.fileno(), process.stdout.fileno()
        try:
            while question:
                await trio.lowlevel.wait_writable(door)
                question = question[os.write(door, question) :]
            answer = b""
            while len(answer) < _LONGEST:
                await trio.lowlevel.wait_readable(out)
                piece = os.read(out, 4096)
                answer += piece
                if answer.endswith(b"\n"):
                    return answer[:-1]
                if not piece:
                    return None
        except OSError:
            return None
        return None

    def _start(self, exchange: Exchange | None = None) -> bool:
        now = time.monotonic()
        if now - self._started < _PAUSE:
            return False
        self._started = now
        try:
            process = self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except (OSError, ValueError) as error:
            log = exchange.server.error_log if exchange is not None else None
            if log is not None:
                text = f"could not start RewriteMap program {self.command[0]}: {error}"
                log.log("error", "rewrite", text, exchange=exchange)
            return False
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        return True
