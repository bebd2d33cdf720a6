"""These flags end the list of rules by themselves.

`[P,L]` is `[P]`, and so are `[F,L]` and `[G,L]`.

Leave `L` out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Edit, Fix, Location, Severity
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Rule, Subject

_LAST: Final = re.compile(r",\s*(?:L|last)\s*(?=[,\]])|(?<=\[)\s*(?:L|last)\s*,", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            for name in ("p", "f", "g"):
                if name in rewrite.flags and "l" in rewrite.flags:
                    place = rewrite.line.word(2)
                    message = f"{name.upper()} implies L"
                    yield Finding(place, message, "leave L out", fix=_without_last(place))
                    break


def _without_last(location: Location) -> Fix | None:
    written = location.source[location.column - 1 : location.end_column - 1]
    shorter = re.sub(
        r",\s*(?:L|last)\s*(?=[,\]])|(?<=\[)\s*(?:L|last)\s*,", "", written, flags=re.I
    )
    return Fix((Edit(location, shorter),), is_safe=True) if shorter != written else None


RULE: Final = Rule(
    "RP308",
    "redundant-flag",
    Severity.INFO,
    "L next to P, F or G",
    check,
)
