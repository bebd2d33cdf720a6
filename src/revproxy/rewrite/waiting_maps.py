"""The maps that take time to answer: programs (`prg:`) and databases (`dbd:`, `fastdbd:`).

Laws:
- Checking a file needs neither program nor database: what they need is imported when asked.
- Where nobody can wait, there is no value.
"""

from __future__ import annotations

import shlex
from dataclasses import field
from typing import TYPE_CHECKING, Final

from revproxy.http.message import Exchange
from revproxy.records import dataclass
from revproxy.waiting import CannotWait, wait

if TYPE_CHECKING:
    from revproxy.rewrite.program import Program

_MOST_KEPT: Final = 10_000


def arguments_of(text: str) -> tuple[str, ...]:
    """The words of a command, split as a shell does (`apr_tokenize_to_argv`).

    Raises ValueError.
    """
    return tuple(shlex.split(text))


@dataclass(slots=True)
class ProgramMap:
    """A program as a map; `command` is its file and its arguments."""

    command: tuple[str, ...]
    waits: bool = field(default=True, init=False)
    kind: str = field(default="", init=False)
    is_enabled: bool = field(default=False, init=False)
    """The server's RewriteEngine is on: without it Apache starts no program."""
    _program: Program | None = field(default=None, init=False)

    def program(self) -> Program:
        """What runs it in this process."""
        if self._program is None:
            from revproxy.rewrite.program import Program

            self._program = Program(self.command)
        return self._program

    def look_up(self, key: str, exchange: Exchange) -> str | None:
        """The answer to a key, None where it is NULL or none comes."""
        if not self.is_enabled or "\n" in key:
            return None
        try:
            answer = wait(self.program().answer(key, exchange))
        except CannotWait:
            return None
        return None if answer is None or answer.upper() == "NULL" else answer


@dataclass(slots=True)
class QueryMap:
    """A query that gives one column; `keeps` remembers what was found."""

    query: str
    keeps: bool = False
    waits: bool = field(default=True, init=False)
    kind: str = field(default="", init=False)
    _known: dict[str, str | None] = field(default_factory=dict, init=False)

    def look_up(self, key: str, exchange: Exchange) -> str | None:
        """What the database has for a key."""
        from revproxy.rewrite.database import query

        if key in self._known:
            return self._known[key]
        try:
            value = wait(query(self.query, key, exchange))
        except CannotWait:
            return None
        if self.keeps:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            # As in Apache, an empty value is none the second time.
            self._known[key] = value or None
        return value
