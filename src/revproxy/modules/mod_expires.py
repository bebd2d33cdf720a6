"""mod_expires: how long a response may be kept, by its type.

Laws:
- Expires and max-age are added to what is no error and has no Expires yet: that of an origin stays.
- By the exact type first, then `major/*`, then ExpiresDefault; types compare without case, and
  without their parameters.
- `modification` counts from a file's time; where there is no file it adds nothing.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.filters import Filter, Kind, content_type_of
from revproxy.http.dates import format_http_date
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, flag, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """A span of seconds from the request, or from the file's last change."""

    seconds: int
    from_change: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Periods by type in lower case."""

    active: bool | Unset = setting()
    default: Period | Unset = setting()
    by_type: dict[str, Period] | Unset = setting()
    has_wildcards: bool = False

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """`inner` within `outer`; as in Apache, `/*` counts where the inner section has one."""
        return Settings(
            value_or(inner.active, outer.active),
            value_or(inner.default, outer.default),
            {**value_or(outer.by_type, {}), **value_or(inner.by_type, {})},
            inner.has_wildcards,
        )


_OLD_CODE: Final = re.compile(r"([AM])[ \t]*([+-]?[0-9]*)")
_UNITS: Final = (
    ("y", 365 * 86400),
    ("mo", 30 * 86400),
    ("w", 7 * 86400),
    ("d", 86400),
    ("h", 3600),
    ("mi", 60),
    ("s", 1),
)


def parse_period(code: str) -> Period:
    """`A3600`, or `access plus 1 month 2 days`. Raises ValueError with Apache's message."""
    old = _OLD_CODE.match(code)
    if old is not None:
        return Period(int(old[2]) if old[2].lstrip("+-") else 0, old[1] == "M")
    words = iter(code.split())
    base = next(words, "")
    if base[:1].lower() not in ("n", "a", "m") or not base:
        raise ValueError(f"bad expires code, unrecognised <base> '{base}'")
    word = next(words, "")
    if word[:1].lower() == "p":
        word = next(words, "")
    return Period(_sum(word, words), base[0].lower() == "m")


def _sum(word: str, words: Iterator[str]) -> int:
    total = 0
    while word:
        number = re.match("[0-9]+", word)
        if number is None:
            raise ValueError(f"bad expires code, numeric value expected <num> '{word}'")
        unit = next(words, "")
        if not unit:
            raise ValueError("bad expires code, missing <type>")
        for name, seconds in _UNITS:
            if unit.lower().startswith(name):
                total += seconds * int(number[0])
                break
        else:
            raise ValueError(f"bad expires code, unrecognised <type>'{unit}'")
        word = next(words, "")
    return total


def _default(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    code = directive.values[0]
    try:
        return dataclasses.replace(settings, default=parse_period(code))
    except ValueError as error:
        raise DirectiveError(f"'ExpiresDefault {code}': {error}", argument=0) from None


def _by_type(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    kind, code = directive.values
    if "/" not in kind:
        raise DirectiveError("Invalid mimetype: should contain a slash", argument=0)
    try:
        period = parse_period(code)
    except ValueError as error:
        raise DirectiveError(f"'ExpiresByType {kind} {code}': {error}", argument=1) from None
    by_type = {**value_or(settings.by_type, {}), kind.lower(): period}
    wildcards = settings.has_wildcards or kind.endswith("/*")
    return dataclasses.replace(settings, by_type=by_type, has_wildcards=wildcards)


class ExpiresFilter(Filter):
    """Adds Expires and Cache-Control to a response."""

    kind = Kind.CONTENT_SET
    only_head = True

    def __init__(self, settings: Settings) -> None:
        self._default = value_or(settings.default, None)
        self._by_type = value_or(settings.by_type, {})
        self._has_wildcards = settings.has_wildcards

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        if exchange.status >= 400 or "expires" in exchange.err or "expires" in exchange.out:
            return False
        period = self._period(content_type_of(exchange) or "")
        if period is not None:
            _add(exchange, period)
        return False

    def _period(self, content_type: str) -> Period | None:
        kind = content_type.partition(";")[0].strip().lower()
        found = self._by_type.get(kind)
        if found is None and self._has_wildcards and "/" in kind:
            found = self._by_type.get(f"{kind.partition('/')[0]}/*")
        return self._default if found is None else found


def _add(exchange: Exchange, period: Period) -> None:
    now = exchange.started // 1000
    base = now
    if period.from_change:
        try:
            if exchange.filename is None or exchange.proxy is not None:
                return
            base = os.stat(exchange.filename.encode("latin-1")).st_mtime_ns // 1000
        except OSError:
            return
    expires = max(base + period.seconds * 1_000_000, now)
    exchange.out.append("Cache-Control", f"max-age={(expires - now) // 1_000_000}")
    exchange.out.set("Expires", format_http_date(expires // 1_000_000))


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    if not value_or(settings.active, False) or not (settings.default or settings.by_type):
        return None
    adds = (ExpiresFilter(settings),)
    return lambda _exchange: adds


MODULE = Module(
    name="mod_expires",
    settings=Settings,
    directives={
        "expiresactive": flag("active"),
        "expiresdefault": _default,
        "expiresbytype": _by_type,
    },
    hooks={"insert_filter": _insert_filter},
)
