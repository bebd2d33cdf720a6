"""RewriteMap: tables that rules look keys up in.

Laws:
- A text file is read again where its time or size has changed; a key that is not there gives the
  rule's default, an empty value does not.
- What takes time to answer says so (`waits`).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import field
from typing import Final, Protocol

from revproxy.errors import DirectiveError, UnimplementedError
from revproxy.http.message import Exchange
from revproxy.module import Scope
from revproxy.records import dataclass
from revproxy.rewrite.dbm import files_of, read_dbm
from revproxy.rewrite.escape import escape_uri
from revproxy.rewrite.waiting_maps import ProgramMap, QueryMap, arguments_of

_LONGEST_LINE: Final = 1023
_BLANKS: Final = " \t\n\r\x0b\x0c"


def _unescape(text: str) -> str:
    """`%xx` decoded; what is malformed stays (`ap_unescape_url`)."""
    out: list[str] = []
    position = 0
    while position < len(text):
        digits = text[position + 1 : position + 3]
        if text[position] == "%" and len(digits) == 2 and all(c in _HEX_DIGITS for c in digits):
            out.append(chr(int(digits, 16)))
            position += 3
        else:
            out.append(text[position])
            position += 1
    return "".join(out)


_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
_UPPER: Final = str.maketrans({chr(code): chr(code - 32) for code in range(97, 123)})
_LOWER: Final = str.maketrans({chr(code): chr(code + 32) for code in range(65, 91)})
_INTERNAL: Final[dict[str, Callable[[str], str]]] = {
    "toupper": lambda key: key.translate(_UPPER),
    "tolower": lambda key: key.translate(_LOWER),
    "escape": escape_uri,
    "unescape": _unescape,
}


class RewriteMap(Protocol):
    """A map: where its values come from."""

    @property
    def waits(self) -> bool:
        """Its answers may take time (`waiting`)."""
        ...

    @property
    def kind(self) -> str:
        """What the log calls it: `[txt]`, `[dbm]` or nothing."""
        ...

    def look_up(self, key: str, exchange: Exchange) -> str | None:
        """The value of a key, None where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class FunctionMap:
    """A function that is built in (`int:`)."""

    function: Callable[[str], str]
    waits: bool = field(default=False, init=False)
    kind: str = field(default="", init=False)

    def look_up(self, key: str, _exchange: Exchange) -> str | None:
        """What the function makes of a key."""
        return self.function(key)


class NoMap:
    """What stands for a map that nobody defined."""

    waits = False
    kind = ""

    def look_up(self, _key: str, _exchange: Exchange) -> str | None:
        """Nothing."""
        return None


@dataclass(slots=True)
class TextMap:
    """A file of `key value` lines; of a value `a|b|c` with `picks` one is taken by chance."""

    path: str
    picks: bool = False
    waits: bool = field(default=False, init=False)
    kind: str = field(default="[txt]", init=False)
    _stamp: tuple[int, int] = field(default=(-1, -1), init=False)
    _table: dict[str, str] = field(default_factory=dict, init=False)

    def look_up(self, key: str, _exchange: Exchange) -> str | None:
        """The value of a key, None where it has none."""
        try:
            info = os.stat(self.path.encode("latin-1"))
            stamp = info.st_mtime_ns, info.st_size
            if stamp != self._stamp:
                self._table, self._stamp = self._read(), stamp
        except OSError:
            return None
        value = self._table.get(key)
        if value is None or not self.picks or "|" not in value:
            return value
        return random.choice(value.split("|"))

    def _read(self) -> dict[str, str]:
        table: dict[str, str] = {}
        with open(self.path.encode("latin-1"), "rb") as file:
            for line in file.read().decode("latin-1").split("\n"):
                if line[:1] == "#" or line[:1] in _BLANKS:
                    continue
                words = line[:_LONGEST_LINE].split(maxsplit=2)
                if len(words) > 1:
                    table.setdefault(words[0], words[1])
        return table


@dataclass(slots=True)
class DbmMap:
    """A DBM file, in one or two files; it is read again where one of them has changed."""

    paths: tuple[str, ...]
    waits: bool = field(default=False, init=False)
    kind: str = field(default="[dbm]", init=False)
    _stamp: list[tuple[int, int]] = field(default_factory=list, init=False)
    _table: dict[str, str] = field(default_factory=dict, init=False)

    def look_up(self, key: str, exchange: Exchange) -> str | None:
        """The value of a key, None where it has none or nobody can read the file."""
        try:
            found = [os.stat(path.encode("latin-1")) for path in self.paths]
            stamp = [(info.st_mtime_ns, info.st_size) for info in found]
            if stamp != self._stamp:
                self._table, self._stamp = read_dbm(self.paths[0]), stamp
        except (OSError, ValueError) as error:
            log = exchange.server.error_log
            if log is not None:
                text = f"mod_rewrite: can't access DBM RewriteMap file {self.paths[0]}: {error}"
                log.log("error", "rewrite", text, exchange=exchange)
            return None
        return self._table.get(key)


_DBM_TYPES: Final = ("default", "sdbm", "gdbm", "db")


def parse_map(source: str, scope: Scope, user: str = "") -> RewriteMap:
    """The map of `type:source`. Raises DirectiveError."""
    kind, colon, rest = source.partition(":")
    kind = kind.lower()
    if kind in _KINDS and colon:
        return _KINDS[kind](rest, scope, user)
    if kind.startswith("dbm"):
        return _dbm_map(kind[3:], rest, scope, source)
    return _text_map(source, scope)


def _int_map(rest: str, _scope: Scope, _user: str) -> RewriteMap:
    if rest not in _INTERNAL:
        raise DirectiveError(f"RewriteMap: internal map not found:{rest}", argument=1)
    return FunctionMap(_INTERNAL[rest])


def _text_map(rest: str, scope: Scope, *, picks: bool = False) -> RewriteMap:
    return TextMap(scope.path(rest), picks=picks)


def _dbm_map(form: str, rest: str, scope: Scope, source: str) -> RewriteMap:
    if (form and not form.startswith("=")) or not rest:
        raise DirectiveError(f"RewriteMap: bad map:{source}", argument=1)
    form = form[1:] or "default"
    if form not in _DBM_TYPES:
        raise DirectiveError(f"RewriteMap: dbm type {form} is invalid", argument=1)
    return DbmMap(files_of(form, scope.path(rest)))


def _program_map(rest: str, scope: Scope, user: str) -> RewriteMap:
    try:
        words = arguments_of(rest)
    except ValueError as error:
        raise DirectiveError(f"RewriteMap: bad command: {error}", argument=1) from None
    if not words:
        raise DirectiveError("RewriteMap: bad path to prg map: ", argument=1)
    if user:
        raise UnimplementedError(
            "RewriteMap: a user of its own for a program is not implemented",
            argument=2,
            hint="programs run as the server's User and Group",
        )
    return ProgramMap((scope.path(words[0]), *words[1:]))


def absent_file(table: RewriteMap) -> str:
    """The first file of a map that is not on this machine, "" where all are."""
    paths: tuple[str, ...] = ()
    if isinstance(table, TextMap):
        paths = (table.path,)
    elif isinstance(table, DbmMap):
        paths = table.paths
    elif isinstance(table, ProgramMap):
        paths = table.command[:1]
    return next((path for path in paths if not os.path.exists(path.encode("latin-1"))), "")


_KINDS: Final[dict[str, Callable[[str, Scope, str], RewriteMap]]] = {
    "int": _int_map,
    "txt": lambda rest, scope, _user: _text_map(rest, scope),
    "rnd": lambda rest, scope, _user: _text_map(rest, scope, picks=True),
    "dbm": lambda rest, scope, _user: _dbm_map("", rest, scope, f"dbm:{rest}"),
    "prg": _program_map,
    "dbd": lambda rest, _scope, _user: QueryMap(rest),
    "fastdbd": lambda rest, _scope, _user: QueryMap(rest, keeps=True),
}
