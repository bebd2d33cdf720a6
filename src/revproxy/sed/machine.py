"""A script at work on lines.

Laws:
- A line is known to be the last when nothing follows: one line is held for that.
- No space grows beyond a bound, and no line has more than a bounded number of commands: a script
  with a loop in it must not stop the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from revproxy.sed.script import Address, Command

MOST: Final = 8 * 1024 * 1024
"""Octets of the pattern space or of the hold space."""

_COMMANDS: Final = 100_000
_REFERENCE: Final = re.compile(r"\\([0-9&\\])|&")


class TooMuch(ValueError):  # noqa: N818 - what it says
    """A bound was passed."""


class Machine:
    """One body."""

    def __init__(self, prints: bool, commands: Sequence[Command]) -> None:
        self._prints = prints
        self._commands = commands
        self._hold = ""
        self._number = 0
        self._active: dict[int, bool] = {}
        self._rest = ""
        self._waiting: list[str] = []
        self._out: list[str] = []
        self._after: list[str] = []
        self._quits = False
        self._is_last = False
        self._space = ""
        self._at = 0
        self._replaced = False

    def feed(self, data: bytes) -> bytes:
        """What the lines that are whole come to. Raises TooMuch."""
        lines = (self._rest + data.decode("latin-1")).split("\n")
        self._rest = lines.pop()
        if len(self._rest) > MOST:
            raise TooMuch("a line is too long for sed")
        self._waiting += lines
        return self._run(last=False)

    def finish(self) -> bytes:
        """What is left. The last line gets an end where it had none."""
        if self._rest:
            self._waiting.append(self._rest)
            self._rest = ""
        return self._run(last=True)

    def _run(self, *, last: bool) -> bytes:
        self._is_last = last
        while self._waiting and not self._quits:
            # `N` and `n` may take a second line: it must be there, or not be coming.
            if not last and len(self._waiting) < 3:
                break
            self._cycle(self._waiting.pop(0))
        if self._quits:
            self._waiting.clear()
        out = "".join(self._out)
        self._out.clear()
        return out.encode("latin-1")

    def _emit(self, text: str) -> None:
        self._out.append(text)

    def _end_cycle(self, *, prints: bool) -> bool:
        if prints:
            self._emit(self._space + "\n")
        self._out += self._after
        self._after.clear()
        return True

    def _cycle(self, space: str) -> None:
        self._space, self._at, self._replaced = space, 0, False
        self._number += 1
        commands = self._commands
        for _ in range(_COMMANDS):
            if self._at >= len(commands):
                self._end_cycle(prints=self._prints)
                return
            index = self._at
            command = commands[index]
            self._at += 1
            if self._selects(index, command) is command.negated:
                if command.name == "{":
                    self._at = command.jump
            elif command.name != "{" and _ACTIONS[command.name](self, command):
                return
            if len(self._space) > MOST or len(self._hold) > MOST:
                break
        raise TooMuch("a sed script runs too long or needs too much")

    # What commands do; True where the cycle is over.

    def _branch(self, command: Command) -> bool:
        if command.name == "b" or self._replaced:
            self._at = command.jump
        if command.name == "t":
            self._replaced = False
        return False

    def _transliterate(self, command: Command) -> bool:
        self._space = self._space.translate(command.table)
        return False

    def _exchange(self, command: Command) -> bool:
        name, space = command.name, self._space
        if name == "g":
            self._space = self._hold
        elif name == "G":
            self._space = f"{space}\n{self._hold}"
        elif name == "x":
            self._space, self._hold = self._hold, space
        else:
            self._hold = space if name == "h" else f"{self._hold}\n{space}"
        return False

    def _tell(self, command: Command) -> bool:
        space = self._space
        self._emit(
            {
                "=": f"{self._number}\n",
                "l": f"{_visible(space)}\n",
                "p": f"{space}\n",
                "P": space.partition("\n")[0] + "\n",
                "i": command.text,
            }[command.name]
        )
        return False

    def _append(self, command: Command) -> bool:
        self._after.append(command.text)
        return False

    def _change(self, command: Command) -> bool:
        # A range is replaced by one text, at its end.
        if command.last is None or command.negated or not self._active.get(self._at - 1):
            self._emit(command.text)
        return self._end_cycle(prints=False)

    def _next(self, command: Command) -> bool:
        if not self._waiting:
            # As in POSIX, what N cannot join is not printed.
            self._quits = True
            return self._end_cycle(prints=self._prints and command.name == "n")
        if command.name == "n":
            self._end_cycle(prints=self._prints)
            self._space = self._waiting.pop(0)
        else:
            self._space += "\n" + self._waiting.pop(0)
        self._number += 1
        return False

    def _delete(self, command: Command) -> bool:
        _, mark, rest = self._space.partition("\n")
        if command.name == "D" and mark:
            self._number -= 1
            self._waiting.insert(0, rest)
        return self._end_cycle(prints=False)

    def _quit(self, _command: Command) -> bool:
        self._quits = True
        return self._end_cycle(prints=self._prints)

    def _substitute(self, command: Command) -> bool:
        assert command.pattern is not None
        seen, done = 0, False

        def replace(match: re.Match[str]) -> str:
            nonlocal seen, done
            seen += 1
            if seen < command.number or (seen > command.number and "g" not in command.flags):
                return match[0]
            done = True
            return _REFERENCE.sub(lambda found: _group(match, found), command.text)

        self._space = command.pattern.sub(replace, self._space)
        self._replaced = self._replaced or done
        if done and "p" in command.flags:
            self._emit(self._space + "\n")
        return False

    def _selects(self, index: int, command: Command) -> bool:
        first, last, space = command.first, command.last, self._space
        if first is None:
            return True
        if last is None:
            return self._matches(first, space)
        if self._active.get(index):
            ends = self._number >= last if isinstance(last, int) else self._matches(last, space)
            self._active[index] = not ends
            return not isinstance(last, int) or self._number <= last
        if not self._matches(first, space):
            return False
        self._active[index] = not (isinstance(last, int) and last <= self._number)
        return True

    def _matches(self, address: Address, space: str) -> bool:
        if isinstance(address, int):
            return address == self._number
        if isinstance(address, str):
            return self._is_last and not self._waiting
        return address.search(space) is not None


_ACTIONS: Final[dict[str, Callable[[Machine, Command], bool]]] = {
    **dict.fromkeys("bt", Machine._branch),
    **dict.fromkeys("gGhHx", Machine._exchange),
    **dict.fromkeys("=lpPi", Machine._tell),
    **dict.fromkeys("nN", Machine._next),
    **dict.fromkeys("dD", Machine._delete),
    "s": Machine._substitute,
    "y": Machine._transliterate,
    "a": Machine._append,
    "c": Machine._change,
    "q": Machine._quit,
}


def _group(match: re.Match[str], found: re.Match[str]) -> str:
    mark = found[1]
    if mark is None or mark == "0":
        return match[0]
    if mark in "&\\":
        return mark
    number = int(mark)
    return (match[number] or "") if number <= (match.re.groups) else ""


def _visible(space: str) -> str:
    return "".join(
        letter if " " <= letter <= "~" and letter != "\\" else f"\\{ord(letter):03o}"
        for letter in space
    )
