"""Up to Apache 2.4.56 the origin gets `%252F` for `%2F`; told with `--httpd-version` of one alone.

`AllowEncodedSlashes NoDecode` leaves `%2F` in the path; those
releases then escape its percent sign. Later ones, and revproxy, do not.

Add `nocanon` to the ProxyPass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    if not subject.is_before(2, 4, 57):
        return
    for server in subject.servers:
        line = server.setting("allowencodedslashes")
        if line is None or line.values[:1] == () or line.values[0].lower() != "nodecode":
            continue
        for entry in passes(server):
            plain = not entry.is_regex and entry.target.lower().startswith(("http:", "https:"))
            if plain and "nocanon" not in [word.lower() for word in entry.parameters]:
                yield Finding(
                    entry.line.word(entry.target_word),
                    "%2F reaches the origin as %252F",
                    "add nocanon",
                    ((line.location, "leaves %2F as it is"),),
                )


RULE: Final = Rule(
    "RP214",
    "encoded-slash-needs-nocanon",
    Severity.WARNING,
    "before 2.4.57: AllowEncodedSlashes NoDecode and a ProxyPass without nocanon",
    check,
)
