"""The conditions that are evaluated while reading: `<IfModule>` and its kin.

Each takes the section's arguments and what is known at that point of the file. A mistake is a
`DirectiveError` with Apache's message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final, Protocol

from revproxy.config.catalogue import Catalogue, module_since
from revproxy.errors import DirectiveError
from revproxy.pattern import compile_pattern

APACHE_VERSION: Final = (2, 4, 71)
"""The version of Apache that `<IfVersion>` compares with: the one this follows."""


class Known(Protocol):
    """What a condition may ask for: the state of the reading."""

    catalogue: Catalogue
    loaded: set[str]
    defined: set[str]
    server_root: str
    release: tuple[int, ...]
    """The release of Apache that is asked about."""


def _module(known: Known, text: str) -> bool:
    module = known.catalogue.by_identifier.get(text)
    if module is not None:
        is_newer = known.release != APACHE_VERSION and known.release < module_since(module.name)
        return module.name in known.loaded and not is_newer
    # A module that the catalogue does not know is loaded under its identifier.
    if text.startswith("mod_") and text.endswith(".c"):
        text = f"{text[4:-2]}_module"
    return text in known.loaded


def _define(known: Known, text: str) -> bool:
    return text in known.defined


def _file(known: Known, text: str) -> bool:
    return os.path.exists(os.path.join(known.server_root, text).encode("latin-1"))


def _directive(known: Known, text: str) -> bool:
    is_section = text.startswith("<")
    entry = known.catalogue.directives.get(text.removeprefix("<").lower())
    return (
        entry is not None
        and entry.section is is_section
        and known.catalogue.is_available(entry, known.loaded)
    )


def _section(known: Known, text: str) -> bool:
    return _directive(known, f"<{text}")


_COMPARISONS: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda order: order == 0,
    "==": lambda order: order == 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
}


def version(words: list[str], release: tuple[int, ...] = APACHE_VERSION) -> bool:
    """`<IfVersion [[!]operator] version>` for a release of Apache."""
    if len(words) > 2:
        raise DirectiveError("<IfVersion> directive missing closing '>'")
    operator = words[0] if len(words) == 2 else "="
    text = words[-1] if words else ""
    negated = operator.startswith("!") and len(operator) > 1
    operator = operator[1:] if negated else operator
    if operator in ("=", "==") and len(text) > 1 and text[0] == text[-1] == "/":
        return _matches(text[1:-1], release) is not negated
    if operator == "~":
        return _matches(text, release) is not negated
    if operator not in _COMPARISONS:
        raise DirectiveError(f"unrecognized operator '{words[0]}'", argument=0)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", text, re.ASCII):
        raise DirectiveError(
            "Version appears to be invalid. It must have the format major[.minor[.patch]] where "
            "major, minor and patch are numbers.",
            argument=max(0, len(words) - 1) if words else None,
        )
    numbers = [int(number) for number in text.split(".")]
    asked = tuple(numbers + [0] * (3 - len(numbers)))
    return _COMPARISONS[operator]((asked < release) - (asked > release)) is not negated


def _matches(text: str, release: tuple[int, ...]) -> bool:
    try:
        pattern = compile_pattern(text)
    except ValueError:
        raise DirectiveError("Unable to compile regular expression", argument=0) from None
    return pattern.search(".".join(map(str, release))) is not None


_TESTS: Final[dict[str, Callable[[Known, str], bool]]] = {
    "ifmodule": _module,
    "ifdefine": _define,
    "iffile": _file,
    "ifdirective": _directive,
    "ifsection": _section,
}

CONDITIONS: Final = frozenset({*_TESTS, "ifversion"})
"""The sections, by lower-case name, that stand for their contents or for nothing."""


def holds(name: str, words: list[str], known: Known) -> bool:
    """Whether the section's contents are read. Raises DirectiveError."""
    key = name.lower()
    if key == "ifversion":
        return version(words, known.release)
    text = "".join(words[:1])
    negated = text.startswith("!")
    if negated:
        text = text[1:].strip("\"'") or "".join(words[1:2])
    if not text:
        raise DirectiveError(f"<{name}> directive requires additional arguments")
    return _TESTS[key](known, text) is not negated
