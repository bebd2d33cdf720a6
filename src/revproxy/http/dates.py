"""HTTP dates (RFC 9110, section 5.6.7).

Laws:
- Written in the one form that is allowed, at most once a second.
- Read in all three forms, as leniently as Apache reads them; what is no date is None.
"""

from __future__ import annotations

import calendar
import functools
import re
import time
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_MONTH_NUMBERS: Final = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}


def format_http_date(seconds: int) -> str:
    """The IMF-fixdate of a time since the epoch."""
    year, month, day, hour, minute, second, weekday, _, _ = time.gmtime(seconds)
    return (
        f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


def http_date_now() -> bytes:
    """The date of now."""
    return _encoded(int(time.time()))


@functools.lru_cache(maxsize=1)
def _encoded(seconds: int) -> bytes:
    return format_http_date(seconds).encode("ascii")


_CLOCK: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS: Final = (
    # Sun, 06 Nov 1994 08:49:37 GMT
    re.compile(rf"(?P<day>\d\d) (?P<month>[A-Za-z]{{3}}) (?P<year>\d{{4}}) {_CLOCK}(?: |$)"),
    # Sunday, 06-Nov-94 08:49:37 GMT
    re.compile(rf"(?P<day>\d\d)-(?P<month>[A-Za-z]{{3}})-(?P<short>\d\d) {_CLOCK}(?: |$)"),
    # Sun Nov  6 08:49:37 1994
    re.compile(rf"(?P<month>[A-Za-z]{{3}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})"),
    # 6 Nov 1994 08:49:37 GMT
    re.compile(rf"(?P<day>\d) (?P<month>[A-Za-z]{{3}}) (?P<year>\d{{4}}) {_CLOCK}(?: |$)"),
)
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_http_date(text: str) -> int | None:
    """The time since the epoch that a date names, None for what is no date."""
    text = text.lstrip(" ")
    head, blank, rest = text.partition(" ")
    if not blank:
        return None
    body = rest if head.isalpha() or head.endswith(",") else text
    for form in _FORMS:
        match = form.match(body)
        if match is not None:
            return _seconds(match.groupdict())
    return None


def _seconds(parts: dict[str, str]) -> int | None:
    month = _MONTH_NUMBERS.get(parts["month"].lower())
    if month is None:
        return None
    if "short" in parts:
        short = int(parts["short"])
        year = short + (2000 if short < 70 else 1900)
    else:
        year = int(parts["year"])
    day, hour, minute = int(parts["day"]), int(parts["hour"]), int(parts["minute"])
    second = int(parts["second"])
    if not 1 <= day <= _LONGEST_MONTHS[month - 1] or hour > 23 or minute > 59 or second > 61:
        return None
    if month == 2 and day == 29 and not calendar.isleap(year):
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
