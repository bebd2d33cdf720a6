"""ProxyPass takes an absolute URL.

`ProxyPass /x b.test/` and `ProxyPass /x htp://b.test/` are refused.

Write it with its scheme: `http://b.test/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import passes
from revproxy.lint.rule import Finding, Rule, Subject

_SCHEMES: Final = (
    "http", "https", "ws", "wss", "h2", "h2c", "ajp", "fcgi", "scgi", "uwsgi", "ftp", "balancer",
    "connect", "fdpass",
)  # fmt: skip
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        for entry in passes(server):
            url = entry.target
            if url.lower().startswith("unix:"):
                url = url.partition("|")[2]
            if url == "!" or "$" in url.partition("://")[0]:
                continue
            match = _SCHEME.match(url)
            if match is None:
                hint = f"write http://{url}" if url else "write a URL behind the |"
                message = f"{url or entry.target} is no absolute URL"
            elif match[1].lower() in _SCHEMES:
                continue
            else:
                from difflib import get_close_matches

                near = get_close_matches(match[1].lower(), _SCHEMES, n=1)
                hint = f"did you mean {near[0]}://?" if near else ""
                message = f"no module serves {match[1]}://"
            yield Finding(entry.line.word(entry.target_word), message, hint)


RULE: Final = Rule(
    "RP210",
    "bad-origin-url",
    Severity.ERROR,
    "an origin's URL without a scheme, or with one that is none",
    check,
    instead=True,
)
