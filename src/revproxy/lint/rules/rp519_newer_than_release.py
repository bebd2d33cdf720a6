"""The release of Apache named by `--httpd-version` does not have this yet: it refuses to start.

The directives and their values are those of Apache's manual ("Available in 2.4.39 and later").
`<IfVersion>` is asked for the release that is named, so what it guards is no finding.

Update Apache, or guard the line: `<IfVersion >= 2.4.39>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from revproxy.config.catalogue import catalogue, since
from revproxy.errors import Severity
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Finding, Line, Rule, ServerLines, Subject


def _word(text: str, *, first: bool = False) -> Callable[[Line], int | None]:
    """The index of an argument that begins so, in any case; `first` looks at the first alone."""

    def find(line: Line) -> int | None:
        for index, word in enumerate(line.values[:1] if first else line.values):
            if word.lower().startswith(text):
                return index
        return None

    return find


def _second(line: Line) -> int | None:
    return 1 if len(line.values) > 1 else None


_VALUES: Final = (
    (("sethandler",), _word("expr="), 19, "an expression"),
    (("sethandler",), _word("proxy:"), 10, "proxy:"),
    (("header", "requestheader"), _word("setifempty"), 7, "setifempty"),
    (("header", "requestheader"), _word("expr="), 10, "expr="),
    (("proxypass", "proxypassmatch", "balancermember"), _word("unix:"), 7, "unix:"),
    (("proxypass", "proxypassmatch", "balancermember"), _word("upgrade="), 47, "upgrade="),
    (("proxyerroroverride",), _second, 47, "a list of statuses"),
    (("requestreadtimeout",), _word("handshake="), 39, "handshake="),
    (("require",), _word("forward-dns"), 19, "forward-dns"),
    (("fallbackresource",), _word("disabled", first=True), 4, "disabled"),
)
"""Arguments that came later than their directive: where, which, in 2.4.N, and what they are."""

_FLAGS: Final = {
    "bnp": 26, "qsl": 19, "bctls": 57, "bne": 57, "unsafeallow3f": 60, "unsafeprefixstat": 60,
    "unc": 62,
}  # fmt: skip
"""Flags of RewriteRule, and the 2.4.N that they came with."""


def check(subject: Subject) -> Iterator[Finding]:
    release = subject.httpd_version
    for server in subject.servers if release is not None else ():
        for line, what, came, index in (*_directives(server), *_values(server), *_flags(server)):
            if release is not None and release < came:
                yield _finding(line, what, came, release, index)


_Item: TypeAlias = tuple[Line, str, tuple[int, ...], int | None]
"""A line, what it has, the release that came with it, and the argument it is."""


def _directives(server: ServerLines) -> Iterator[_Item]:
    known = catalogue().directives
    for line in server.lines:
        entry = known.get(line.key)
        if entry is not None:
            yield line, entry.name, since(entry), None


def _values(server: ServerLines) -> Iterator[_Item]:
    for keys, find, patch, what in _VALUES:
        for line in server.named(*keys):
            index = find(line)
            if index is not None:
                yield line, f"{what} of {line.directive.name}", (2, 4, patch), index


def _flags(server: ServerLines) -> Iterator[_Item]:
    for rewrite in rewrites(server):
        for flag, patch in _FLAGS.items():
            if flag in rewrite.flags:
                yield rewrite.line, f"the flag {flag.upper()}", (2, 4, patch), None


def _finding(
    line: Line,
    what: str,
    came: tuple[int, ...],
    release: tuple[int, ...],
    index: int | None,
) -> Finding:
    there, asked = (".".join(map(str, item)) for item in (came, release))
    return Finding(
        line.location if index is None else line.word(index),
        f"Apache {asked} does not have {what}: it came with {there}",
        f"<IfVersion >= {there}> around it",
    )


RULE: Final = Rule(
    "RP519",
    "newer-than-release",
    Severity.ERROR,
    "with --httpd-version: what that release does not have yet",
    check,
)
