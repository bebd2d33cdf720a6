"""The directive tree: what the reader makes of a file and everything later works on.

Laws:
- A section is a directive with children; a plain directive has `children` None.
- Names keep their spelling; `key` is the name in lower case, the only form to compare.
- `args` are the words as Apache's `ap_getword_conf` splits them; `raw` is the rest of the line
  (after `${…}`) for directives that split it themselves. For a section `raw` ends before `>`.
- Text is Latin-1 `str`: one character an octet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from revproxy.errors import Diagnostic, Location
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One argument and where it stands."""

    text: str
    location: Location

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Directive:
    """A line of the configuration, or a section with its lines."""

    name: str
    args: tuple[Word, ...]
    raw: str
    location: Location
    children: list[Directive] | None = None
    key: str = field(init=False)
    refused: bool = False
    """It is wrong, and said to be: who works on the tree leaves it out with all below it."""

    def __post_init__(self) -> None:
        self.key = self.name.lower()

    @property
    def values(self) -> tuple[str, ...]:
        """The arguments' texts."""
        return tuple(word.text for word in self.args)

    @property
    def is_section(self) -> bool:
        return self.children is not None

    def walk(self) -> Iterator[Directive]:
        """This directive and all below it, in file order."""
        yield self
        for child in self.children or ():
            yield from child.walk()


class FileRead(NamedTuple):
    """One reading of a file; a file that is included twice is read twice."""

    name: str
    via: Location | None
    """The Include that names it; None for the file that all begins with."""
    depth: int
    """How many files include each other up to it."""


@dataclass(slots=True)
class Configuration:
    """What was read: the tree after conditions, includes and macros, and what was found."""

    directives: list[Directive]
    loaded: frozenset[str]
    """The modules in force, by name: mod_proxy."""
    whole: bool
    """It loads modules and could start a server: only those are there. Else all are."""
    server_root: str
    defines: dict[str, str]
    """What Define has set at the end of the file; "" for a name without a value."""
    reads: tuple[FileRead, ...]
    """The files that were read, in order."""
    diagnostics: list[Diagnostic]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The physical lines of each file that was read, for who looks at comments."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files that were read, in order."""
        return tuple(read.name for read in self.reads)

    def walk(self) -> Iterator[Directive]:
        """All directives, in file order."""
        for directive in self.directives:
            yield from directive.walk()

    aliases: dict[tuple[str, str], Any] = field(default_factory=dict)
    """The aliases of providers that sections have defined, by kind and name."""
