"""The password stands in the file, in error messages and in the logs, and is not even used.

Apache does not make an Authorization field of `http://user:password@host/`.

Leave it out; send `RequestHeader set Authorization "Basic ..."` from a file that few can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.origins import targets
from revproxy.lint.rule import Finding, Rule, Subject

_PASSWORD: Final = re.compile(r"[^:@$%]+:[^:@$%]+@")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for target in targets(server):
            if _PASSWORD.match(target.origin.authority):
                yield Finding(
                    target.location,
                    "a password in a URL: it is logged, and not sent to the origin",
                    'use RequestHeader set Authorization "Basic ..."',
                )


RULE: Final = Rule(
    "RP109",
    "credentials-in-url",
    Severity.ERROR,
    "a user's name and password in an origin's URL",
    check,
)
