"""Fields of `Header set` and those of `Header always set` are kept apart, and both are sent.

A response has the field twice then, which browsers may refuse (Strict-Transport-Security,
X-Frame-Options).

Keep the line with `always`; where the origin sends the field as well, add `Header unset`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Line, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        first: dict[tuple[object, ...], Line] = {}
        for line in server.named("header"):
            words = [word.lower() for word in line.values]
            always = words[:1] == ["always"]
            rest = words[1:] if words[:1] in (["always"], ["onsuccess"]) else words
            if len(rest) != 3 or rest[0] != "set":
                continue
            place = (*map(id, line.sections), rest[1])
            other = first.get((not always, *place))
            first.setdefault((always, *place), line)
            if other is not None:
                yield Finding(
                    line.location,
                    f"responses have {line.values[-2]} twice: the two tables are both sent",
                    "keep the line with always",
                    ((other.location, "sets it in the other table"),),
                )


RULE: Final = Rule(
    "RP410",
    "header-doubled",
    Severity.WARNING,
    "one field set in both tables of a response",
    check,
)
