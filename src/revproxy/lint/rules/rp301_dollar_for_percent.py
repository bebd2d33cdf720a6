"""A variable of a RewriteCond written with a dollar sign.

`${HTTP:Upgrade}` looks a key up in a RewriteMap named HTTP; there is none, so the test string is
empty and the condition never holds. `%{HTTP:Upgrade}` is meant. Apache says nothing.

Write `%{...}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject, replaced

_DOLLAR: Final = re.compile(
    r"\$\{(?P<name>(?:HTTP|ENV|SSL|LA-U|LA-F|HTTPS|REQUEST_\w+|REMOTE_\w+|SERVER_\w+|QUERY_STRING"
    r"|HTTP_\w+|THE_REQUEST|DOCUMENT_ROOT)\b[^}|]*)\}"
)


def check(subject: Subject) -> Iterator[Finding]:
    maps = {line.values[0] for line in subject.lines("rewritemap") if line.values}
    for line in subject.lines("rewritecond", "rewriterule"):
        for word in line.directive.args[:2]:
            for match in _DOLLAR.finditer(word.text):
                if match["name"].partition(":")[0] not in maps:
                    yield Finding(
                        word.location,
                        f"{match[0]} looks up a map that is not there",
                        f"write %{{{match['name']}}} for the variable",
                        fix=replaced(word.location, match[0], f"%{{{match['name']}}}"),
                    )


RULE: Final = Rule(
    "RP301",
    "dollar-for-percent",
    Severity.ERROR,
    "${HTTP:...} where %{HTTP:...} is meant",
    check,
)
