"""What rules ask of mod_rewrite's lines: each RewriteRule with its conditions, flags, targets.

Laws:
- Conditions belong to the next rule of the same section, as in Apache.
- A rule that mod_rewrite would refuse is left out: that has been said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.lint.rule import Line, ServerLines
from revproxy.records import dataclass
from revproxy.rewrite.arguments import flag_items, split

PER_DIRECTORY: Final = frozenset(("directory", "directorymatch", "files", "filesmatch"))
"""Sections whose rules see the path below the directory, without a slash at its head."""

_LONG: Final = {
    "proxy": "p", "last": "l", "redirect": "r", "passthrough": "pt", "nocase": "nc",
    "chain": "c", "forbidden": "f", "gone": "g", "skip": "s", "next": "n", "handler": "h",
    "qsappend": "qsa", "noescape": "ne", "backrefescaping": "b", "env": "e",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One RewriteCond."""

    line: Line
    subject: str
    pattern: str
    flags: frozenset[str]

    @property
    def is_negated(self) -> bool:
        return self.pattern.startswith("!")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One RewriteRule with the conditions before it."""

    line: Line
    pattern: str
    target: str
    flags: dict[str, str]
    """By short name in lower case: p, l, r, pt."""
    conditions: tuple[Condition, ...]

    @property
    def is_proxy(self) -> bool:
        return "p" in self.flags

    @property
    def is_redirect(self) -> bool:
        """Whether it is answered by a redirect: by its flag, or as its target is a URL."""
        return not self.is_proxy and (
            "r" in self.flags or self.target.lower().startswith(("http://", "https://"))
        )

    @property
    def ignores_case(self) -> bool:
        return "nc" in self.flags

    @property
    def is_negated(self) -> bool:
        return self.pattern.startswith("!")

    @property
    def in_server(self) -> bool:
        """Whether its subject is the whole path of the URL: it stands in no section."""
        return not self.line.sections

    @property
    def authority(self) -> str:
        """The authority of its target's URL, "" where there is none."""
        return authority_of(self.target)


def authority_of(url: str) -> str:
    """What stands between `//` and the next `/`, `?` or `#`, variables kept whole."""
    _, separator, rest = url.partition("://")
    if not separator:
        return ""
    depth = 0
    for position, char in enumerate(rest):
        if char == "{":
            depth += 1
        elif char == "}":
            depth = max(0, depth - 1)
        elif char in "/?#" and not depth:
            return rest[:position]
    return rest


def rewrites(server: ServerLines) -> Iterator[Rewrite]:
    """A server's own rules, in file order."""
    pending: dict[tuple[int, ...], list[Condition]] = {}
    for line in server.named("rewritecond", "rewriterule"):
        waiting = pending.setdefault(tuple(id(section) for section in line.sections), [])
        words = split(line.directive.raw)
        flags = _flags(line.directive, words)
        if len(words) < 2 or flags is None:
            continue
        if line.key == "rewritecond":
            waiting.append(Condition(line, words[0], words[1], frozenset(flags)))
        else:
            yield Rewrite(line, words[0], words[1], flags, tuple(waiting))
            waiting.clear()


def _flags(directive: Directive, words: list[str]) -> dict[str, str] | None:
    """The flags by short name, None where they are no flags."""
    if len(words) < 3:
        return {}
    try:
        items = flag_items(directive, words[2])
    except DirectiveError:
        return None
    return {_LONG.get(name.lower(), name.lower()): value for name, value in items}
