"""Macros: `<Macro>` and Use, as mod_macro has them.

Laws:
- A macro's lines are kept as they stand; a Use puts its arguments in the place of the parameters,
  longest name first, in one pass: what was put in is not looked at again.
- Names of macros compare without case, names of parameters with it.
- What Apache only warns of is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from revproxy.config import codes
from revproxy.config.lines import Line, Source
from revproxy.errors import Diagnostic, DirectiveError, Location, Severity
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro as defined."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Line, ...]
    location: Location

    def use(self, values: Sequence[str], via: Location) -> Iterator[Line]:
        """The lines with `values` for the parameters."""
        source = None
        table = dict(zip(self.parameters, values, strict=True))
        pattern = _pattern(self.parameters)
        for line in self.body:
            if source is None or source.file != line.source.file:
                source = Source.again(line.source, via)
            if table:
                line = line.substitute(pattern, lambda match: table[match.group()])
            yield Line(line.text, source, line.parts)


def _pattern(parameters: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(parameters, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


def check_parameters(name: str, parameters: Sequence[str]) -> None:
    """Raise DirectiveError for names that Apache refuses."""
    if not name:
        raise DirectiveError("<Macro> macro definition: empty name")
    for index, parameter in enumerate(parameters):
        if not parameter:
            raise DirectiveError(
                f"macro '{name}': empty argument #{index + 1} name", argument=index + 1
            )
        if parameter in parameters[:index]:
            raise DirectiveError(
                f"argument name conflict in macro '{name}': '{parameter}' is there twice",
                argument=index + 1,
            )


def doubtful(macro: Macro) -> Iterator[Diagnostic]:
    """What mod_macro warns of in a definition."""

    def warn(message: str, hint: str = "") -> Diagnostic:
        return Diagnostic(codes.BAD_MACRO, Severity.WARNING, macro.location, message, hint)

    if macro.name[0] in "$%@":
        yield warn(f"the macro's name '{macro.name}' has the look of a parameter")
    for index, parameter in enumerate(macro.parameters):
        if parameter[0] not in "$%@":
            yield warn(
                f"parameter '{parameter}' of macro '{macro.name}' has no prefix: it is replaced "
                "wherever these letters stand",
                "begin parameters with $, % or @",
            )
        elif parameter.startswith("${"):
            yield warn(f"parameter '{parameter}' looks like a defined variable", "write $(...)")
        for other in macro.parameters[index + 1 :]:
            if parameter.startswith(other) or other.startswith(parameter):
                yield warn(
                    f"parameters '{parameter}' and '{other}' of macro '{macro.name}' begin alike",
                    "the longer one is looked for first",
                )
        if not any(parameter in line.text for line in macro.body) and macro.body:
            yield warn(f"parameter '{parameter}' of macro '{macro.name}' is never used")
    if not macro.body:
        yield warn(f"macro '{macro.name}' is empty")
