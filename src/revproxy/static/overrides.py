"""AllowOverride, AllowOverrideList: what the access files (`.htaccess`) of a directory may hold.

Laws:
- Where no directive said anything, access files are read and may hold nothing, as in Apache: one
  that holds a directive is wrong. Only `AllowOverride None` lets them be.
- Each of the two directives replaces what was outside of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Scope, value_or
from revproxy.records import dataclass

_CLASSES: Final = {
    "authconfig": "AUTHCFG",
    "fileinfo": "FILEINFO",
    "indexes": "INDEXES",
    "limit": "LIMIT",
    "options": "OPTIONS",
}
_ALL: Final = frozenset(_CLASSES.values())
_EACH_OPTION: Final = {
    "indexes": ("indexes",),
    "includes": ("includes", "includesnoexec"),
    "includesnoexec": ("includesnoexec",),
    "followsymlinks": ("followsymlinks",),
    "symlinksifownermatch": ("symlinksifownermatch",),
    "execcgi": ("execcgi",),
    "multiviews": ("multiviews",),
    "runscripts": ("execcgi", "multiviews"),
    "none": (),
    "all": ("indexes", "includes", "includesnoexec", "followsymlinks", "execcgi"),
}
_NONFATAL: Final = {
    "override": frozenset(("override",)),
    "unknown": frozenset(("unknown",)),
    "all": frozenset(("override", "unknown")),
}


@dataclass(frozen=True, slots=True)
class Overrides:
    """What access files may hold; None where no directive said."""

    classes: frozenset[str] | None = None
    """Bits of the catalogue's `allowed`."""
    options: frozenset[str] | None = None
    """What Options may name, in lower case; None for all."""
    nonfatal: frozenset[str] = frozenset()
    """Which mistakes are warnings: "override" and "unknown"."""
    names: frozenset[str] | None = None
    """Directives that may stand there in any case, in lower case."""

    def over(self, outer: Overrides) -> Overrides:
        """These within `outer` ones."""
        names = outer.names if self.names is None else self.names
        if self.classes is None:
            return dataclasses.replace(outer, names=names)
        options = outer.options if self.options is None else self.options
        return Overrides(self.classes, options, self.nonfatal, names)

    @property
    def are_read(self) -> bool:
        """Access files are looked for."""
        return self.classes is None or bool(self.classes or self.nonfatal or self.names)


def merge_overrides(outer: Overrides, inner: Overrides) -> Overrides:
    """`inner` within `outer`."""
    return inner.over(outer)


def parse_allow_override(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`AllowOverride All|None|class[=…] …` to `overrides`."""
    known: Overrides = value_or(settings.overrides, Overrides())
    classes: frozenset[str] = frozenset()
    options = known.options
    nonfatal: frozenset[str] = frozenset()
    for index, word in enumerate(directive.values):
        name, mark, value = word.lower().partition("=")
        if name == "none":
            classes, nonfatal = frozenset(), frozenset()
        elif name == "all":
            classes, nonfatal = _ALL, frozenset()
        elif name == "nonfatal":
            if not mark:
                message = f"=Override, =Unknown or =All expected after {word}"
                raise DirectiveError(message, argument=index)
            nonfatal |= _NONFATAL.get(value, frozenset())
        elif name in _CLASSES and (not mark or name == "options"):
            classes |= {_CLASSES[name]}
            if name == "options":
                options = _options(value.split(",") if mark else ("all",), index)
        else:
            raise DirectiveError(f"Illegal override option {word}", argument=index)
    overrides = Overrides(classes, options, nonfatal, known.names)
    return dataclasses.replace(settings, overrides=overrides)


def _options(words: Iterable[str], index: int) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words:
        if word not in _EACH_OPTION:
            raise DirectiveError(f"Illegal option {word}", argument=index)
        found |= frozenset(_EACH_OPTION[word])
    return found


def parse_allow_override_list(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`AllowOverrideList None|directive …` to `overrides`."""
    names = frozenset(word.lower() for word in directive.values)
    if "none" in names and len(directive.values) > 1:
        raise DirectiveError("'None' not allowed with other directives in AllowOverrideList")
    known: Overrides = value_or(settings.overrides, Overrides())
    overrides = dataclasses.replace(known, names=names - {"none"})
    return dataclasses.replace(settings, overrides=overrides)


def check_option(name: str, scope: Scope, index: int) -> None:
    """Refuse an option that an access file may not set. Raises DirectiveError."""
    allowed = scope.allowed_options
    if allowed is not None and not allowed.issuperset(_EACH_OPTION.get(name.lower(), ())):
        raise DirectiveError(f"Option {name} not allowed here", argument=index)
