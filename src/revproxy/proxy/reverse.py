"""ProxyPassReverse and its cookie forms: an origin's fields as the public side may see them.

Laws:
- Only Location, Content-Location, URI, Destination and Set-Cookie; never the body.
- Entries are tried in order, the first that fits decides; what fits none passes unchanged.
- A mapped URL is made absolute with the scheme, name and port of this server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Final, TypeAlias

from revproxy.errors import Location
from revproxy.http.message import Trace
from revproxy.records import dataclass

REVERSED_FIELDS: Final = frozenset(("location", "content-location", "uri", "destination"))

_SCHEME: Final = re.compile(r"[A-Za-z][-+.A-Za-z0-9]*://").match
_ATTRIBUTE: Final = re.compile(r"(;\s*)(path|domain)(=)([^;]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReverseRule:
    """`ProxyPassReverse public origin`."""

    public: str
    origin: str
    interpolate: bool = False
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CookieRule:
    """`ProxyPassReverseCookieDomain|Path internal public`."""

    internal: str
    public: str
    interpolate: bool = False
    location: Location | None = field(default=None, compare=False)


Interpolate = Callable[[str], str] | None
Tell: TypeAlias = Callable[[ReverseRule | CookieRule, str, str | None], None]
"""Takes a rule that was tried, on what, and what it made of it: None for nothing."""


def reverse_location(
    value: str,
    rules: tuple[ReverseRule, ...],
    absolute: Callable[[str], str],
    interpolate: Interpolate = None,
    tell: Tell | None = None,
) -> str:
    """The URL of a field as the client may use it (`ap_proxy_location_reverse_map`)."""
    for rule in rules:
        origin, public = rule.origin, rule.public
        if rule.interpolate and interpolate is not None:
            origin, public = interpolate(origin), interpolate(public)
        part = value
        if origin.startswith("/"):
            start = value.find("://")
            slash = value.find("/", start + 3) if start >= 0 else -1
            if slash >= 0:
                part = value[slash:]
        if origin and part[: len(origin)].lower() == origin.lower():
            mapped = public + part[len(origin) :]
            mapped = mapped if _SCHEME(mapped) else absolute(mapped)
            if tell is not None:
                tell(rule, value, mapped)
            return mapped
        if tell is not None:
            tell(rule, value, None)
    return value


def reverse_cookie(
    value: str,
    paths: tuple[CookieRule, ...],
    domains: tuple[CookieRule, ...],
    interpolate: Interpolate = None,
    tell: Tell | None = None,
) -> str:
    """A Set-Cookie value with Path and Domain mapped (`ap_proxy_cookie_reverse_map`)."""

    def attribute(match: re.Match[str]) -> str:
        before, name, equals, old = match.groups()
        is_path = name.lower() == "path"
        for rule in paths if is_path else domains:
            internal, public = rule.internal, rule.public
            if rule.interpolate and interpolate is not None:
                internal, public = interpolate(internal), interpolate(public)
            start = old[: len(internal)]
            if start == internal or (not is_path and start.lower() == internal.lower()):
                if tell is not None:
                    tell(rule, old, public)
                return f"{before}{name}{equals}{public}"
            if tell is not None:
                tell(rule, old, None)
        return match[0]

    return _ATTRIBUTE.sub(attribute, value)


def reverse_teller(trace: Trace) -> Tell:
    """Tells of the rules that were tried to who listens."""

    def tell(rule: ReverseRule | CookieRule, before: str, after: str | None) -> None:
        name = "" if isinstance(rule, ReverseRule) else "Cookie"
        if after is None:
            text = f"ProxyPassReverse{name} does not fit {before}"
        else:
            text = f"ProxyPassReverse{name} makes {after} of {before}"
        trace("mod_proxy", text, rule.location, acted=after is not None)

    return tell
