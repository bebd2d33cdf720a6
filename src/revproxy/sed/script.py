"""A script's text to commands, as Apache's libsed reads it.

Laws:
- Every wrong script is an error at load. Commands that read or write files are refused: a response
  must not be able to change what lies on the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from revproxy.pattern import Pattern
from revproxy.records import dataclass
from revproxy.sed.regex import compile_basic

Address = int | Pattern | str
"""A line's number, an expression, or "$" for the last line."""


@dataclass(slots=True)
class Command:
    """One command; `jump` is where its block ends or its label is."""

    name: str
    first: Address | None = None
    last: Address | None = None
    negated: bool = False
    text: str = ""
    pattern: Pattern | None = None
    flags: frozenset[str] = frozenset()
    number: int = 0
    """Of `s`: the match that is replaced first."""
    table: dict[int, int] = field(default_factory=dict)
    jump: int = 0


_PLAIN: Final = frozenset("=dDgGhHlnNpPqx")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.last: Pattern | None = None

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, letters: str) -> None:
        while self.peek() and self.peek() in letters:
            self.at += 1

    def until(self, delimiter: str) -> str:
        """The text up to a delimiter that no backslash keeps."""
        out = []
        while (letter := self.peek()) != delimiter:
            if not letter or letter == "\n":
                raise ValueError("a pattern without its end")
            self.at += 1
            if letter == "\\" and self.peek():
                following = self.peek()
                self.at += 1
                out.append(following if following == delimiter else letter + following)
            else:
                out.append(letter)
        self.at += 1
        return "".join(out)

    def line(self) -> str:
        """The rest of the line; a backslash keeps a line end."""
        out = []
        while (letter := self.peek()) and letter != "\n":
            self.at += 1
            if letter == "\\" and self.peek():
                letter = self.peek()
                self.at += 1
            out.append(letter)
        return "".join(out)

    def word(self) -> str:
        self.skip(" \t")
        match = re.compile(r"[^\n;]*").match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return match[0].strip()

    def regex(self, delimiter: str) -> Pattern:
        text = self.until(delimiter)
        if text:
            self.last = compile_basic(text)
        if self.last is None:
            raise ValueError("no expression to be used again")
        return self.last

    def address(self) -> Address | None:
        letter = self.peek()
        if letter and letter in "0123456789":
            match = re.compile("[0-9]+").match(self.text, self.at)
            assert match is not None
            self.at = match.end()
            return int(match[0])
        if letter == "$":
            self.at += 1
            return "$"
        if letter == "/":
            self.at += 1
            return self.regex("/")
        if letter == "\\":
            delimiter = self.text[self.at + 1 : self.at + 2]
            self.at += 2
            return self.regex(delimiter)
        return None


def parse_script(lines: Sequence[str]) -> tuple[bool, list[Command]]:
    """Whether lines are printed by themselves, and the commands. Raises ValueError."""
    text = "\n".join(lines)
    prints = not (text == "#n" or text.startswith("#n\n"))
    commands: list[Command] = []
    open_blocks: list[int] = []
    labels: dict[str, int] = {}
    for command in _commands(_Reader(text)):
        if command.name == "}":
            if not open_blocks:
                raise ValueError("Too many }'s")
            commands[open_blocks.pop()].jump = len(commands)
            continue
        if command.name == ":":
            labels[command.text] = len(commands)
            continue
        if command.name == "{":
            open_blocks.append(len(commands))
        commands.append(command)
    if open_blocks:
        raise ValueError("Too many {'s")
    _link(commands, labels)
    return prints, commands


def _commands(reader: _Reader) -> Iterator[Command]:
    while True:
        reader.skip(" \t\n;")
        if not reader.peek():
            return
        if reader.peek() == "#":
            reader.at = (reader.text.find("\n", reader.at) + 1) or len(reader.text)
        else:
            yield _command(reader)


def _link(commands: Sequence[Command], labels: Mapping[str, int]) -> None:
    for command in commands:
        if command.name in "bt":
            if command.text and command.text not in labels:
                raise ValueError(f"Undefined label: {command.text}")
            command.jump = labels.get(command.text, len(commands))


def _command(reader: _Reader) -> Command:
    command = Command("")
    _addresses(reader, command)
    name = command.name = reader.peek()
    reader.at += 1
    if name in _PLAIN or name in "{}":
        if not name:
            raise ValueError("an address without a command")
    elif name in ":bt":
        command.text = reader.word()
    elif name in "aic":
        _text(reader, command)
    elif name == "s":
        _substitution(reader, command)
    elif name == "y":
        _transliteration(reader, command)
    elif name in "rw":
        raise ValueError(f"the command {name} is not implemented: no file is read or written")
    else:
        raise ValueError(f"Unrecognized command: {name}")
    return command


def _addresses(reader: _Reader, command: Command) -> None:
    command.first = reader.address()
    reader.skip(" \t")
    if command.first is not None and reader.peek() == ",":
        reader.at += 1
        reader.skip(" \t")
        command.last = reader.address()
        if command.last is None:
            raise ValueError("a range without its end")
        reader.skip(" \t")
    if reader.peek() == "!":
        command.negated = True
        reader.skip(" \t!")


def _text(reader: _Reader, command: Command) -> None:
    reader.skip(" \t")
    if reader.text[reader.at : reader.at + 2] == "\\\n":
        reader.at += 2
    elif reader.peek() == "\\":
        reader.at += 1
    command.text = reader.line() + "\n"


def _substitution(reader: _Reader, command: Command) -> None:
    delimiter = reader.peek()
    reader.at += 1
    command.pattern = reader.regex(delimiter)
    out = []
    while (letter := reader.peek()) != delimiter:
        if not letter:
            raise ValueError("a substitution without its end")
        reader.at += 1
        if letter == "\\" and reader.peek():
            following = reader.peek()
            reader.at += 1
            if following in "0123456789" or following in "&\\":
                out.append(letter + following)
            else:
                out.append("\n" if following == "n" else following)
        else:
            out.append(letter)
    reader.at += 1
    command.text = "".join(out)
    match = re.compile("[gp0-9]*").match(reader.text, reader.at)
    assert match is not None
    reader.at = match.end()
    if reader.peek() == "w":
        raise ValueError("the flag w is not implemented: no file is written")
    digits = "".join(letter for letter in match[0] if letter in "0123456789")
    command.number = int(digits) if digits else 1
    command.flags = frozenset(match[0])


def _transliteration(reader: _Reader, command: Command) -> None:
    delimiter = reader.peek()
    reader.at += 1
    source, target = (
        reader.until(delimiter).replace("\\n", "\n").replace("\\\\", "\\") for _ in range(2)
    )
    if len(source) != len(target):
        raise ValueError("the two sides of y are not of one length")
    command.table = {ord(one): ord(other) for one, other in zip(source, target, strict=True)}
