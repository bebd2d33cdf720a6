"""The directives of core that concern files: Options, FileETag, MaxRanges and its like.

Laws:
- The settings are core's; a parser here knows the one field it changes.
- Options and FileETag with signs change what is inherited, so they are kept as changes and summed
  up when a section's settings are whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Parser, Scope, value_or
from revproxy.static.etag import parse_file_etag
from revproxy.static.overrides import check_option
from revproxy.static.signs import Change, sum_up

_OPTIONS: Final = {
    word.lower(): word
    for word in (
        "Indexes",
        "Includes",
        "IncludesNOEXEC",
        "FollowSymLinks",
        "SymLinksIfOwnerMatch",
        "ExecCGI",
        "MultiViews",
    )
}
_ALL: Final = [
    word for word in _OPTIONS.values() if word not in ("MultiViews", "SymLinksIfOwnerMatch")
]
DEFAULT_OPTIONS: Final = frozenset(("FollowSymLinks",))


def parse_options(settings: Any, directive: Directive, scope: Scope) -> Any:
    """`Options [+|-]option …` to `option_changes`."""
    signed = [word for word in directive.values if word[:1] in ("+", "-")]
    if signed and len(signed) != len(directive.values):
        raise DirectiveError("Either all Options must start with + or -, or no Option may.")
    changes: list[Change] = []
    for index, word in enumerate(directive.values):
        sign, name = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
        check_option(name, scope, index)
        if name.lower() == "none":
            changes.append(("=", ""))
        elif name.lower() == "all":
            changes += [("+", option) for option in _ALL]
        elif name.lower() in _OPTIONS:
            changes.append((sign or "+", _OPTIONS[name.lower()]))
        else:
            raise DirectiveError(f"Illegal option {name}", argument=index)
    if not signed:
        changes.insert(0, ("=", ""))
    return dataclasses.replace(
        settings, option_changes=(*value_or(settings.option_changes, ()), *changes)
    )


def effective_options(changes: Iterable[Change]) -> frozenset[str]:
    """The options in force after all `Options` lines, outer to inner."""
    return sum_up(changes, DEFAULT_OPTIONS)


def parse_file_etag_words(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`FileETag [+|-]component …` to `etag_changes`."""
    try:
        changes = parse_file_etag(directive.values)
    except ValueError as error:
        raise DirectiveError(str(error)) from None
    changes = (*value_or(settings.etag_changes, ()), *changes)
    return dataclasses.replace(settings, etag_changes=changes)


def range_limit(name: str, default: int) -> Parser:
    """`none`, `default`, `unlimited` or a number, as 0, the default, None or the number."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0].lower()
        words: dict[str, int | None] = {"none": 0, "default": default, "unlimited": None}
        if word not in words and not (word.isascii() and word.isdigit() and int(word)):
            raise DirectiveError(
                f"{directive.name} requires 'none', 'default', 'unlimited' or a positive integer",
                argument=0,
            )
        changes: dict[str, Any] = {name: words[word] if word in words else int(word)}
        return dataclasses.replace(settings, **changes)

    return parse


def parse_accept_path_info(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`AcceptPathInfo On|Off|Default` to a bool: the handler for files refuses by default."""
    word = directive.values[0].lower()
    if word not in ("on", "off", "default"):
        raise DirectiveError("AcceptPathInfo must be set to on, off or default", argument=0)
    return dataclasses.replace(settings, accept_path_info=word == "on")
