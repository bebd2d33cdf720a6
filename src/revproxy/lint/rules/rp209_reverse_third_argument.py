"""ProxyPassReverse has no parameters: any word there means `interpolate`.

`ProxyPassReverse / http://b/ ttl=5` is accepted without a word, sets no ttl, and looks for
variables in the URL at every response.

Leave it out; parameters belong to ProxyPass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("proxypassreverse"):
        index = 1 if line.is_in("location", "locationmatch") else 2
        words = line.values[index:]
        if words and words[0].lower() != "interpolate":
            yield Finding(
                line.word(index),
                f"{words[0]} is no parameter: any word here turns interpolation on",
                "parameters belong to ProxyPass",
            )


RULE: Final = Rule(
    "RP209",
    "reverse-third-argument",
    Severity.WARNING,
    "a word behind the URL of ProxyPassReverse",
    check,
)
