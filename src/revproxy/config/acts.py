"""What is known while a configuration is read, and the directives that act on it.

Laws:
- Define, UnDefine, ServerRoot, LoadModule, LoadFile and `${VAR}` act in the order of the file,
  wherever they stand; a section does not limit them.
- A mistake is a DirectiveError with Apache's message; the reader adds the place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final

from revproxy.config import codes
from revproxy.config.catalogue import Catalogue
from revproxy.config.conditions import APACHE_VERSION
from revproxy.config.lines import LONGEST_LINE, Line
from revproxy.config.macro import Macro
from revproxy.config.tree import Directive, FileRead
from revproxy.errors import Diagnostic, DirectiveError, Location, NotThereError, Severity
from revproxy.records import dataclass

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")


class Whole(Exception):  # noqa: N818 - not an error: reading begins again
    """A LoadModule acts: this may be a whole server's file, not a snippet."""


@dataclass(slots=True)
class State:
    """What is known at a point of the reading."""

    catalogue: Catalogue
    loaded: set[str]
    whole: bool | None
    """Only what is loaded is there; None where that is to be found out."""
    server_root: str
    environ: Mapping[str, str]
    defined: set[str]
    values: dict[str, str] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    reads: list[FileRead] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    """The physical lines of each file."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    release: tuple[int, ...] = APACHE_VERSION
    """The release of Apache that conditions are asked about."""
    prepare: Callable[[str], str] | None = None
    """Changes the text of each file before it is read, and no line or column of it."""
    acts: bool = True
    """False in an access file: what acts on a server's configuration is just another directive."""

    def report(
        self,
        code: str,
        location: Location,
        message: str,
        hint: str = "",
        *,
        severity: Severity = Severity.ERROR,
        related: Iterable[tuple[Location, str]] = (),
    ) -> None:
        """Add a finding."""
        self.diagnostics.append(Diagnostic(code, severity, location, message, hint, tuple(related)))

    def warn(self, code: str, location: Location, message: str, hint: str = "") -> None:
        """Add a finding that does not stop the configuration from running."""
        self.report(code, location, message, hint, severity=Severity.WARNING)

    def resolved(self, line: Line) -> Line:
        """The line with its variables replaced: those of Define first, then the environment's.

        An empty value counts as none, as in Apache; what is not defined stays as it is.
        """
        if "${" not in line.text:
            return line

        def value(match: re.Match[str]) -> str:
            name = match[1]
            text = self.values.get(name) or self.environ.get(name, "")
            if text:
                return text
            if ":" not in name:
                self.warn(
                    codes.UNDEFINED_VARIABLE,
                    line.locate(*match.span()),
                    f"Config variable ${{{name}}} is not defined",
                    "it stays as it is; Define it, or set it in the environment",
                )
            return match[0]

        new = line.substitute(_VARIABLE, value)
        if len(new.text) > LONGEST_LINE:
            self.report(codes.ODD_BYTES, line.location, "Line too long")
            return line
        return new


def _define(state: State, directive: Directive) -> None:
    name, *rest = directive.values
    if ":" in name:
        raise DirectiveError("Variable name must not contain ':'", argument=0)
    state.defined.add(name)
    if rest:
        state.values[name] = rest[0]


def _undefine(state: State, directive: Directive) -> None:
    name = directive.values[0]
    if ":" in name:
        raise DirectiveError("Variable name must not contain ':'", argument=0)
    state.defined.discard(name)
    state.values.pop(name, None)


def _server_root(state: State, directive: Directive) -> None:
    path = os.path.abspath(directive.values[0])
    state.server_root = path
    if not os.path.isdir(path.encode("latin-1")):
        raise NotThereError("ServerRoot must be a valid directory", argument=0)


def _load_module(state: State, directive: Directive) -> None:
    if state.whole is None:
        raise Whole
    identifier = directive.values[0]
    module = state.catalogue.by_identifier.get(identifier)
    if module is None or module.identifier != identifier:
        state.warn(
            codes.UNKNOWN_MODULE,
            directive.args[0].location,
            f"{identifier} is not a module of Apache 2.4: its directives are not known here",
        )
    name = identifier if module is None else module.name
    if state.whole and name in state.loaded:
        state.warn(
            codes.ALREADY_LOADED,
            directive.args[0].location,
            f"module {identifier} is already loaded, skipping",
        )
    state.loaded.add(name)


def _undef_macro(state: State, directive: Directive) -> None:
    name = directive.values[0].lower()
    if name not in state.macros:
        raise DirectiveError(_no_macro(state, name, "UndefMacro"), argument=0)
    del state.macros[name]


def _no_macro(state: State, name: str, user: str) -> str:
    return f"macro '{name}' undefined" if state.macros else f"no macro defined before {user}"


def macro_used(state: State, directive: Directive) -> Macro:
    """The macro that a Use names, its arguments counted. Raises DirectiveError."""
    values = directive.values
    if not state.macros:
        raise DirectiveError(_no_macro(state, "", "Use"))
    if not values or not values[0]:
        raise DirectiveError("no macro name specified with Use")
    name = values[0].lower()
    found = state.macros.get(name)
    if found is None:
        raise DirectiveError(_no_macro(state, name, "Use"), argument=0)
    if len(values) - 1 != len(found.parameters):
        raise DirectiveError(
            f"macro '{name}' used with {len(values) - 1} arguments instead of "
            f"{len(found.parameters)}",
            argument=0,
        )
    for index, value in enumerate(values[1:]):
        if not value:
            state.warn(
                codes.BAD_MACRO,
                directive.args[index + 1].location,
                f"macro '{name}': empty argument #{index + 1}",
            )
    return found


def _nothing(_state: State, _directive: Directive) -> None:
    """Libraries that Apache's modules need are of no use here; the two switches quiet warnings."""


ACTS: Final[dict[str, Callable[[State, Directive], None]]] = {
    "define": _define,
    "undefine": _undefine,
    "serverroot": _server_root,
    "loadmodule": _load_module,
    "loadfile": _nothing,
    "undefmacro": _undef_macro,
    "macroignorebadnesting": _nothing,
    "macroignoreemptyargs": _nothing,
}
"""Directives that act while reading and stay in the tree."""
