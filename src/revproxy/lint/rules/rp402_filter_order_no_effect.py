"""The order in SetOutputFilter counts within a class of filters alone.

DEFLATE compresses last wherever it stands, so `DEFLATE;proxy-html` is `proxy-html;DEFLATE`.

Write them in the order in which they act.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_TEXT: Final = ("proxy-html", "substitute", "sed", "xml2enc")
_CODING: Final = ("deflate", "brotli_compress")


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("setoutputfilter", "addoutputfilterbytype"):
        names = line.values[0].lower().split(";") if line.values else []
        first = next((index for index, name in enumerate(names) if name in _CODING), len(names))
        late = [name for name in names[first:] if name in _TEXT]
        if late:
            yield Finding(
                line.word(0),
                f"{names[first]} acts behind {late[0]}, wherever it stands",
                "write them in the order in which they act",
            )


RULE: Final = Rule(
    "RP402",
    "filter-order-no-effect",
    Severity.INFO,
    "DEFLATE before a filter that reads text",
    check,
)
