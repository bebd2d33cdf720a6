"""SSLOptions: which of them are on, and how a section's join those around it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Scope, value_or
from revproxy.records import dataclass

NAMES: Final = frozenset((
    "StdEnvVars",
    "ExportCertData",
    "FakeBasicAuth",
    "StrictRequire",
    "OptRenegotiate",
    "LegacyDNStringFormat",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """Words with `+` and `-` change what is around; without, they stand for themselves."""

    chosen: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    is_relative: bool = True

    def __contains__(self, name: str) -> bool:
        return name in self.chosen or (self.is_relative and name in self.added)


def merge_options(outer: Options, inner: Options) -> Options:
    if not inner.is_relative:
        return inner
    added = (outer.added - inner.removed) | inner.added
    removed = (outer.removed - inner.added) | inner.removed
    return Options((outer.chosen - removed) | added, added, removed)


def parse_options(settings: Any, directive: Directive, _scope: Scope) -> Any:
    known: Options = value_or(settings.options, Options())
    for index, word in enumerate(directive.values):
        sign, bare = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
        if bare not in NAMES:
            raise DirectiveError(f"SSLOptions: Illegal option '{bare}'", argument=index)
        one = frozenset((bare,))
        if sign == "+":
            known = dataclasses.replace(
                known, added=known.added | one, removed=known.removed - one,
                chosen=known.chosen | one,
            )  # fmt: skip
        elif sign == "-":
            known = dataclasses.replace(
                known, removed=known.removed | one, added=known.added - one,
                chosen=known.chosen - one,
            )  # fmt: skip
        else:
            former = frozenset() if known.is_relative else known.chosen
            known = dataclasses.replace(known, chosen=former | one, is_relative=False)
    return dataclasses.replace(settings, options=known)
