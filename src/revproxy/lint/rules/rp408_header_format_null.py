"""The letter s asks mod_ssl, which is not there: the value is the text `(null)`.

`%{HTTP_HOST}s` and `%{REMOTE_ADDR}s` come out where mod_ssl is loaded, and nowhere else.

Write `expr=%{HTTP_HOST}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_VARIABLE: Final = re.compile(r"%\{([^}]*)\}s")


def check(subject: Subject) -> Iterator[Finding]:
    if subject.is_loaded("mod_ssl"):
        return
    for line in subject.lines("header", "requestheader"):
        for index, word in enumerate(line.values):
            match = _VARIABLE.search(word)
            if match is not None and not word.startswith("expr="):
                yield Finding(
                    line.word(index),
                    f"{match[0]} is (null): mod_ssl is not loaded",
                    f"write expr=%{{{match[1]}}}",
                )


RULE: Final = Rule(
    "RP408",
    "header-format-null",
    Severity.ERROR,
    "%{...}s in a Header where mod_ssl is not loaded",
    check,
)
