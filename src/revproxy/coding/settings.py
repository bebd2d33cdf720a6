"""What mod_deflate and mod_brotli have alike: their directives for notes and entity tags.

Laws:
- A server that has any of a module's server-level directives has none of the main server's: Apache
  does not merge them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Parser, Scope, Unset, choice, value_or

ALTER_ETAG: Final[Parser] = choice("alter_etag", "AddSuffix", "NoChange", "Remove")
"""`*AlterETag`, kept as `alter_etag`."""


def alter_etag_of(settings: Any) -> str:
    """What becomes of an entity tag, as `coding.response.alter_etag` takes it."""
    return str(value_or(settings.alter_etag, "AddSuffix")).lower()


def parse_note(settings: Any, directive: Directive, _scope: Scope) -> Any:
    """`*FilterNote [Input|Output|Ratio] name`, kept in `notes` by kind."""
    kind, name = ("ratio", directive.values[0])
    if len(directive.values) == 2:
        kind, name = directive.values[0].lower(), directive.values[1]
    if kind not in ("ratio", "input", "output"):
        raise DirectiveError(f"Unknown note type {directive.values[0]}", argument=0)
    return dataclasses.replace(settings, notes={**value_or(settings.notes, {}), kind: name})


def merged_alone(outer: Any, inner: Any, names: Iterable[str]) -> Any:
    """`inner` over `outer`; where it has any of these fields, it has them alone."""
    alone = frozenset(names)
    if all(isinstance(getattr(inner, name), Unset) for name in alone):
        alone = frozenset()
    kept = {
        item.name: getattr(outer, item.name)
        for item in dataclasses.fields(inner)
        if isinstance(getattr(inner, item.name), Unset) and item.name not in alone
    }
    return dataclasses.replace(inner, **kept)
