"""The flag CO: a cookie set by a rule.

Laws:
- A name is set once a request, whatever rules say it again.
- A cookie needs name, value and domain; what is missing of them sets nothing.
"""

from __future__ import annotations

import re
import time
from typing import Final

from revproxy.http.dates import format_http_date
from revproxy.http.message import Exchange

_NUMBER: Final = re.compile(r"\s*([+-]?[0-9]{1,12})")
_EARLIEST: Final = -62_135_596_800
_LATEST: Final = 253_402_300_799
"""The years 1 to 9999: no cookie's date lies outside."""


def add_cookie(exchange: Exchange, text: str) -> None:
    """Set the cookie `name:value:domain[:minutes[:path[:secure[:httponly[:samesite]]]]]`."""
    separator = ":"
    if text.startswith(";"):
        separator, text = ";", text[1:]
    words = [word for word in text.split(separator) if word]
    if len(words) < 3:
        return
    name, value, domain = words[:3]
    while exchange.main is not None:
        # What a sub-request sets goes out with the answer to the request it is made for.
        exchange = exchange.main
    note = f"{name}_rewrite"
    first = exchange
    while (former := first.main or first.previous) is not None:
        first = former
    if note in first.notes:
        return
    first.notes[note] = "1"
    expires, path, secure, http_only, same_site = (*words[3:8], *[""] * (8 - len(words)))[:5]
    cookie = f"{name}={value}; path={path or '/'}; domain={domain}"
    match = _NUMBER.match(expires)
    minutes = int(match[1]) if match is not None else 0
    if minutes:
        moment = int(time.time()) + minutes * 60
        cookie += f"; expires={_date(min(max(moment, _EARLIEST), _LATEST))}"
    if secure.lower() in ("true", "1", "secure"):
        cookie += "; secure"
    if http_only.lower() in ("true", "1", "httponly"):
        cookie += "; HttpOnly"
    if same_site and same_site.lower() not in ("0", "false"):
        cookie += f"; SameSite={same_site}"
    exchange.err.add("Set-Cookie", cookie)


def _date(moment: int) -> str:
    """A date as cookies of old have it: `Thu, 01-Jan-1970 00:00:00 GMT`."""
    day, rest = format_http_date(moment).split(", ")
    date, month, year, clock, zone = rest.split(" ")
    return f"{day}, {date}-{month}-{year} {clock} {zone}"
