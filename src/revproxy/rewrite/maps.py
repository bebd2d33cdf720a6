"""RewriteMap: tables that rules look keys up in.

Laws:
- A text file is read again where its time or size has changed; a key that is not there gives the
  rule's default, an empty value does not.
- The kinds that need another program or library are refused by name.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from revproxy.errors import DirectiveError
from revproxy.module import Scope
from revproxy.rewrite.escape import escape_uri

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
_UNSUPPORTED: Final = ("prg", "dbm", "dbd", "fastdbd")


@dataclass(slots=True)
class TextMap:
    """A file of `key value` lines; of a value `a|b|c` with `picks` one is taken by chance."""

    path: str
    picks: bool = False
    _stamp: tuple[int, int] = field(default=(-1, -1), init=False)
    _table: dict[str, str] = field(default_factory=dict, init=False)

    def look_up(self, key: str) -> str | None:
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


def parse_map(source: str, scope: Scope) -> Callable[[str], str | None]:
    """The look-up of a map's `type:source`. Raises DirectiveError."""
    kind, colon, rest = source.partition(":")
    if not colon:
        kind, rest = "txt", source
    if kind in _UNSUPPORTED or kind.partition("=")[0] in _UNSUPPORTED:
        raise DirectiveError(f"RewriteMap {kind}: is not implemented", argument=1)
    if kind == "int":
        if rest not in _INTERNAL:
            raise DirectiveError(f"RewriteMap: internal map not found:{rest}", argument=1)
        return _INTERNAL[rest]
    if kind not in ("txt", "rnd"):
        kind, rest = "txt", source
    path = scope.path(rest)
    if not os.path.isfile(path.encode("latin-1")):
        raise DirectiveError(f"RewriteMap: file for map not found:{path}", argument=1)
    return TextMap(path, picks=kind == "rnd").look_up
