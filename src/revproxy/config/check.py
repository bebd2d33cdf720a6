"""The tree against the catalogue: is each directive known, in its place, well-formed, served?

Laws:
- The order is Apache's: name, module, place, number of arguments, values. One finding for each
  directive; one that is wrong is marked `refused`, so that nobody works on it.
- The place is judged as Apache judges it, by the bits of `allowed` and by `not_in`; the contexts
  of Apache's manual play no part.
- Values are checked here only where no module of ours parses them: a parser knows better.
- What is not served is an error that names its module; what tunes what is not there is told of.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from revproxy.config import codes, foreign, sections, values
from revproxy.config.acts import ACTS
from revproxy.config.arity import arity_error
from revproxy.config.catalogue import SERVED_HERE, Catalogue, Entry, syntax
from revproxy.config.tree import Configuration, Directive, Word
from revproxy.errors import Diagnostic, Location, Severity
from revproxy.records import dataclass

_SERVER: Final = frozenset({"RSRC_CONF", "OPTIONS", "FILEINFO", "INDEXES"})
_SECTION: Final = frozenset({"ACCESS_CONF", "OPTIONS", "FILEINFO", "INDEXES", "AUTHCFG", "LIMIT"})
_AUTHORIZATION: Final = frozenset({"AUTHCFG"})
_ALIAS: Final = frozenset({"AUTHCFG", "ACCESS_CONF"})

_OVERRIDES: Final[dict[str, frozenset[str]]] = {
    "virtualhost": _SERVER,
    "proxy": _SECTION | {"PROXY_CONF"},
    "proxymatch": _SECTION | {"PROXY_CONF"},
    "requireall": _AUTHORIZATION,
    "requireany": _AUTHORIZATION,
    "requirenone": _AUTHORIZATION,
    "mdomainset": _SERVER,
    "authnprovideralias": _ALIAS,
    "authzprovideralias": _ALIAS,
}
"""What may stand in a section, as bits of `allowed`; in the others: what `_SECTION` says."""

_LIMITS: Final = ("limit", "limitexcept")

_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "Limit": _LIMITS,
    "Directory": ("directory", "directorymatch"),
    "Location": ("location", "locationmatch"),
    "Files": ("files", "filesmatch"),
    "If": ("if", "elseif", "else"),
    "Proxy": ("proxy", "proxymatch"),
}
"""What a name in `not_in` stands for; "server" is a place outside of every section."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a directive stands: the sections around it, from the outermost."""

    override: frozenset[str] = _SERVER
    sections: tuple[str, ...] = ()
    """Their names as the file spells them."""
    is_served: bool = True
    """Nothing around it is unimplemented, which would have been said."""
    is_access_file: bool = False
    """It is a `.htaccess`: what `override` says holds in its sections too."""
    names: frozenset[str] = frozenset()
    """Directives that may stand there whatever `override` says, in lower case."""

    def inside(self, section: Directive, is_served: bool) -> Context:
        if self.is_access_file:
            return Context(
                self.override & _OVERRIDES.get(section.key, self.override),
                (*self.sections, section.name),
                is_served,
                is_access_file=True,
                names=self.names,
            )
        return Context(
            self.override & _SECTION
            if section.key in _LIMITS
            else _OVERRIDES.get(section.key, _SECTION),
            (*self.sections, section.name),
            is_served,
        )


def check(
    configuration: Configuration,
    catalogue: Catalogue,
    implemented: Container[str],
    context: Context | None = None,
) -> list[Diagnostic]:
    """What is wrong with the tree, in file order; it stands in `context`.

    `implemented` holds the lower-case names of the directives and sections that modules parse.
    """
    checker = _Checker(configuration, catalogue, implemented)
    return list(checker.lines(configuration.directives, context or Context()))


class _Checker:
    def __init__(
        self, configuration: Configuration, catalogue: Catalogue, implemented: Container[str]
    ) -> None:
        self._loaded = configuration.loaded
        self._catalogue = catalogue
        self._implemented = implemented
        self._near: dict[tuple[str, bool], str] = {}

    def lines(self, directives: list[Directive], context: Context) -> Iterator[Diagnostic]:
        """Check these directives, which stand in one section."""
        chain_open = False
        for directive in directives:
            entry = self._catalogue.directives.get(directive.key)
            finding = self._directive(directive, entry, context, chain_open)
            if finding is not None:
                yield finding
                directive.refused = finding.severity is Severity.ERROR
            if directive.is_section:
                if directive.key in ("if", "elseif", "else"):
                    chain_open = directive.key != "else"
                known = entry is not None and entry.section
                is_unserved = finding is not None and finding.code == codes.UNIMPLEMENTED
                if known and (is_unserved or not directive.refused):
                    served = context.is_served and not directive.refused
                    yield from self.lines(
                        directive.children or [], context.inside(directive, served)
                    )

    def _directive(
        self, directive: Directive, entry: Entry | None, context: Context, chain_open: bool
    ) -> Diagnostic | None:
        if entry is None or entry.section is not directive.is_section:
            return self._unknown(directive, entry)
        if not self._catalogue.is_available(entry, self._loaded):
            return self._not_loaded(directive, entry)
        if directive.key in ACTS and not context.is_access_file:
            # It has acted already, wherever it stands, and Apache asks nothing more.
            return None
        shown = f"<{entry.name}>" if entry.section else entry.name
        misplaced = _misplaced(entry, shown, context)
        if directive.key in ("elseif", "else") and not chain_open:
            misplaced = f"{shown} section without previous <If> or <ElseIf> section in same scope"
        if misplaced:
            return _error(codes.NOT_ALLOWED_HERE, directive.location, misplaced)
        return (
            self._malformed(directive, entry, shown, context)
            or self._served(directive, entry, context)
            or _trailing(directive, entry)
        )

    def _malformed(
        self, directive: Directive, entry: Entry, shown: str, context: Context
    ) -> Diagnostic | None:
        if directive.key == "error":
            return _user_error(directive)
        if directive.is_section:
            message, argument = sections.wrong_arguments(directive)
            if message:
                place = directive if argument is None else directive.args[argument]
                return _error(codes.WRONG_ARGUMENTS, place.location, message)
        if directive.key in _LIMITS and any(item.lower() in _LIMITS for item in context.sections):
            return _error(
                codes.UNIMPLEMENTED, directive.location, f"{shown} in another is not implemented"
            )
        wrong = arity_error(entry.style, shown, directive.values)
        if wrong is not None:
            return self._wrong_arguments(directive, entry, wrong)
        return None

    def _unknown(self, directive: Directive, entry: Entry | None) -> Diagnostic:
        name = f"<{directive.name}" if directive.is_section else directive.name
        hint = foreign.hint(directive.name)
        if entry is not None:
            shape = f"<{entry.name} ...> with </{entry.name}>" if entry.section else entry.name
            hint = f"write it as {shape}"
        elif not hint:
            near = self._nearest(directive.key, directive.is_section)
            hint = f"did you mean {near}?" if near else ""
        return _error(
            codes.UNKNOWN_DIRECTIVE,
            directive.location,
            f"Invalid command '{name}', perhaps misspelled or defined by a module not included in "
            "the server configuration",
            hint,
        )

    def _nearest(self, key: str, is_section: bool) -> str:
        """The known name that is spelled most like this one, "" where none is close."""
        if (key, is_section) not in self._near:
            import difflib

            names = [
                name
                for name, entry in self._catalogue.directives.items()
                if entry.section is is_section
            ]
            found = difflib.get_close_matches(key, names, n=1, cutoff=0.7)
            near = self._catalogue.directives[found[0]].name if found else ""
            self._near[key, is_section] = f"<{near}>" if near and is_section else near
        return self._near[key, is_section]

    def _not_loaded(self, directive: Directive, entry: Entry) -> Diagnostic:
        module = self._catalogue.modules[entry.module]
        name = f"<{directive.name}" if directive.is_section else directive.name
        if entry.elsewhere or module.elsewhere:
            return _error(
                codes.UNKNOWN_DIRECTIVE,
                directive.location,
                f"Invalid command '{name}': Apache does not have it on this system",
            )
        return _error(
            codes.MISSING_MODULE,
            directive.location,
            f"Invalid command '{name}': {entry.module} is not loaded",
            f"LoadModule {module.identifier} modules/{entry.module}.so",
        )

    def _wrong_arguments(self, directive: Directive, entry: Entry, wrong: str) -> Diagnostic:
        if any(word.text.startswith("#") for word in directive.args[1:]):
            return _error(
                codes.TRAILING_COMMENT,
                _span(directive.args[_comment_at(directive)], directive.args[-1]),
                f"{wrong}: '#' behind arguments does not begin a comment",
                "a comment stands on a line of its own",
            )
        location = directive.location
        code = codes.WRONG_ARGUMENTS
        if entry.style == "FLAG" and directive.args:
            location, code = directive.args[0].location, codes.BAD_VALUE
        elif directive.args and not any(not value for value in directive.values):
            location = _span(directive.args[0], directive.args[-1])
        return _error(code, location, wrong, "; ".join(syntax(entry)))

    def _served(self, directive: Directive, entry: Entry, context: Context) -> Diagnostic | None:
        key = directive.key
        if key in self._implemented or key in SERVED_HERE:
            return None
        wrong = values.wrong_value(entry, directive.args)
        if wrong is not None:
            word, message = wrong
            return _error(codes.BAD_VALUE, word.location, message)
        shown = f"<{entry.name}>" if entry.section else entry.name
        if entry.inert:
            return Diagnostic(
                codes.INERT,
                Severity.INFO,
                directive.location,
                f"{shown} tunes what is not there: accepted, without effect",
            )
        if not context.is_served:
            return None
        return _error(
            codes.UNIMPLEMENTED,
            directive.location,
            f"{shown} of {entry.module} is not implemented",
        )


def _misplaced(entry: Entry, shown: str, context: Context) -> str:
    """Apache's words for a directive that may not stand here, "" where it may."""
    if context.override.isdisjoint(entry.allowed) and entry.name.lower() not in context.names:
        name = f"<{entry.name}" if entry.section else entry.name
        if not context.sections:
            return f"{name} not allowed here"
        return f"{name} not allowed in <{context.sections[-1]}> context"
    for family in entry.not_in:
        members = _FAMILIES.get(family, (family.lower(),))
        for section in context.sections:
            if section.lower() in members:
                return f"{shown} cannot occur within <{section}> section"
        is_outside = family == "server" and not context.is_access_file
        if is_outside and all(item.lower() == "virtualhost" for item in context.sections):
            return f"{shown} is only valid inside a section"
    return ""


def _user_error(directive: Directive) -> Diagnostic:
    message = directive.values[0] if len(directive.args) == 1 else directive.raw
    return _error(
        codes.ERROR_DIRECTIVE,
        directive.location,
        message or "The Error directive was used with no message.",
    )


def _trailing(directive: Directive, entry: Entry) -> Diagnostic | None:
    """Words that Apache takes without a word, though nobody can have meant them."""
    if len(directive.args) < 2:
        return None
    if entry.style in ("FLAG", "ITERATE", "ITERATE2"):
        position = _comment_at(directive)
        if position:
            return Diagnostic(
                codes.TRAILING_COMMENT,
                Severity.WARNING,
                _span(directive.args[position], directive.args[-1]),
                "'#' behind arguments does not begin a comment"
                + ("" if entry.style == "FLAG" else ": these words are arguments too"),
                "a comment stands on a line of its own",
            )
    if entry.style == "FLAG":
        return Diagnostic(
            codes.TRAILING_TEXT,
            Severity.WARNING,
            _span(directive.args[1], directive.args[-1]),
            f"text after {directive.name} {directive.args[0]} is ignored",
        )
    return None


def _comment_at(directive: Directive) -> int:
    for position, word in enumerate(directive.args):
        if position and word.text.startswith("#"):
            return position
    return 0


def _span(first: Word, last: Word) -> Location:
    """From one word to another; the first alone where they are not on one line."""
    here, there = first.location, last.location
    if (here.file, here.line) != (there.file, there.line) or there.end_column < here.column:
        return here
    return Location(here.file, here.line, here.column, there.end_column, here.source, here.via)


def _error(code: str, location: Location, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, location, message, hint)
