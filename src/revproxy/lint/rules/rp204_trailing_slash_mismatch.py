"""The path of a ProxyPass ends in a slash and its origin's URL does not, or the other way round.

What follows the path is glued to the URL as it is: of `/x/z`, `ProxyPass /x/ http://b` makes
`http://bz`, and `ProxyPass /x http://b/y/` makes `http://b/y//z`. (RP217 is about
`ProxyPass /x/ http://b/y`.)

Let both end in a slash, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import Pass, origin_of, passes
from revproxy.lint.rule import Finding, Rule, Subject, replaced
from revproxy.lint.rules.rp217_segment_glue import is_glued


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry in passes(server):
            found = None if entry.is_regex or entry.target == "!" else _finding(entry)
            if found is not None:
                yield found


def _finding(entry: Pass) -> Finding | None:
    origin = origin_of(entry.target)
    if origin is None or "$" in entry.target or "?" in origin.path:
        return None
    ours, theirs = entry.path.endswith("/"), origin.path.endswith("/")
    if ours == theirs or is_glued(entry):
        return None
    example = "the origin sees a double slash"
    if not theirs:
        example = "the path is glued to the host's name"
    location = entry.line.word(entry.target_word)
    return Finding(
        location,
        f"{entry.path} and {entry.target} do not both end in a slash: {example}",
        "let both end in a slash, or neither",
        fix=replaced(location, entry.target, entry.target[:-1] if theirs else f"{entry.target}/"),
    )


RULE: Final = Rule(
    "RP204",
    "trailing-slash-mismatch",
    Severity.WARNING,
    "a slash at the end of a ProxyPass's path and none at its URL's, or the other way round",
    check,
)
