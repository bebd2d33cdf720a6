"""Filters by their names, as SetOutputFilter, AddOutputFilter and their like put them in force.

Laws:
- Names compare without case and stand behind `;`; what stands first sees the body first.
- A name that Apache has and revproxy has not is an error at load. One that nobody has is told at
  load and left out, as Apache leaves it out of each response with a line in its error log.
- A page of ours for an error passes through no named filter.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Iterable
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError, Severity, UnimplementedError
from revproxy.filters import Filter, Kind
from revproxy.http.message import Exchange
from revproxy.module import Parser, Scope

Names = tuple[str, ...]

KINDS: Final = {
    "brotli_compress": Kind.CONTENT_SET,
    "buffer": Kind.CONTENT_SET,
    "data": Kind.RESOURCE,
    "deflate": Kind.CONTENT_SET,
    "inflate": Kind.INFLATE,
    "proxy-html": Kind.RESOURCE,
    "rate_limit": Kind.PROTOCOL,
    "sed": Kind.RESOURCE,
    "substitute": Kind.RESOURCE,
    "xml2enc": Kind.RESOURCE,
}
"""The output filters that a configuration may name, and where each stands."""

EXTRAS: Final = {"brotli_compress": "brotli"}
"""Filters that need a package of an extra."""

_EXTRA_OF: Final = {"brotli": "brotli", "lxml": "html", "zstandard": "zstd"}

INPUT: Final = frozenset(("buffer", "deflate", "sed"))
"""The input filters."""

_ELSEWHERE: Final = frozenset((
    "byterange", "cache", "cache_invalidate", "cache_out_subreq", "cache_save",
    "cache_save_subreq", "case_filter", "casefilter", "caseinfilter", "chunk", "content_length",
    "dechunk", "error", "http_header", "http_in", "http_outerror", "includes", "kept_body",
    "log_input_output", "mod_bucketeer", "old_write", "reqtimeout", "session_out", "xlateout",
    "xlatein",
))  # fmt: skip
"""What Apache and its modules have besides."""


def split_names(
    text: str, directive: Directive, scope: Scope, known: Iterable[str], argument: int = 0
) -> Names:
    """The filters of `name[;name...]`, in lower case. Raises DirectiveError."""
    found = []
    for word in text.split(";"):
        name = word.strip().lower()
        if name in known:
            if name in EXTRAS:
                check_extra(EXTRAS[name], argument)
            found.append(name)
        elif name in _ELSEWHERE or name in KINDS:
            raise UnimplementedError(f"the filter '{word}' is not implemented", argument=argument)
        elif name and name != "none":
            message = f"an unknown filter was not added: {word}"
            place = directive.args[argument].location
            scope.warn(Diagnostic("RP533", Severity.WARNING, place, message))
    return tuple(found)


def check_extra(package: str, argument: int) -> None:
    """Raises DirectiveError where a package that an extra brings is not there."""
    if importlib.util.find_spec(package) is None:
        raise DirectiveError(
            f"this needs the package {package}",
            argument=argument,
            hint=f"pip install 'revproxy[{_EXTRA_OF[package]}]'",
        )


def set_filters(field: str, known: Iterable[str]) -> Parser:
    """`SetOutputFilter filter[;filter...]` to the names in force."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        names = split_names(directive.values[0], directive, scope, known)
        changes: dict[str, Any] = {field: names}
        return dataclasses.replace(settings, **changes)

    return parse


def output_filters(exchange: Exchange, names: Names) -> list[Filter]:
    """The filters of these names for a response."""
    if exchange.generated:
        return []
    find = exchange.plan.filters
    makers = [find(name) for name in names]
    made = [make(exchange) for make in makers if make is not None]
    return [item for item in made if item is not None]


def insert_input_filters(exchange: Exchange, names: Names) -> None:
    """Put the input filters of these names in the way of the request's body."""
    for name in names:
        make = exchange.plan.input_filters(name)
        if make is not None and exchange.request_body is not None:
            exchange.request_body = make(exchange, exchange.request_body)
