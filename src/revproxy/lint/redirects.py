"""What rules ask of redirects: Redirect and RedirectMatch, in whichever form they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.lint.rule import Line, ServerLines
from revproxy.records import dataclass

_STATUSES: Final = ("permanent", "temp", "seeother", "gone")


@dataclass(frozen=True, slots=True)
class Redirect:
    """One line. `path` is None for a regex."""

    line: Line
    path: str | None


def redirects(server: ServerLines) -> Iterator[Redirect]:
    """A server's own Redirect lines, in file order."""
    for line in server.named("redirect", "redirectmatch", "redirectpermanent", "redirecttemp"):
        words = list(line.values)
        if words and (words[0].lower() in _STATUSES or words[0].isdigit()):
            del words[0]
        if words and words[0].startswith("/"):
            yield Redirect(line, words[0])
        elif line.key == "redirectmatch":
            yield Redirect(line, None)
