"""Conditional requests (RFC 9110, section 13), in Apache's order and with its rules.

Laws:
- Apache asks more than the RFC: a 304 needs every condition present to say "not modified", and
  neither If-Unmodified-Since nor If-Range.
- A date is a strong validator only a minute after it: what changed within the minute before the
  response may change again within the same second.
- With Range in the request entity tags are compared strongly.
"""

from __future__ import annotations

import re
from typing import Final

from revproxy.http.dates import parse_http_date
from revproxy.http.fields import Fields
from revproxy.records import dataclass

_STRONG_AFTER: Final = 60
_TAGS: Final = re.compile(r'(W/)?("(?:[^"\\]|\\.)*"|[^\s,]+)')


@dataclass(frozen=True, slots=True)
class Validators:
    """What a response says of its representation: seconds since the epoch, the whole ETag."""

    etag: str | None
    last_modified: int | None


def evaluate(method: str, fields: Fields, validators: Validators, now: int) -> int:
    """The status that the request's conditions ask for: 304, 412, or 0 to go on."""
    reads = method in ("GET", "HEAD")
    has_range = "range" in fields
    match = fields.get("If-Match")
    if match is not None and not _if_match(match, validators.etag):
        return 412
    unmodified = fields.get("If-Unmodified-Since")
    if unmodified is not None and not _if_unmodified(unmodified, validators):
        return 412
    # An If-Unmodified-Since that holds, whatever it says, rules a 304 out.
    is_unchanged = None if unmodified is None else False
    none_match = fields.get("If-None-Match")
    if none_match is not None:
        found = _if_none_match(none_match, validators.etag, weakly=reads and not has_range)
        if found and not reads:
            return 412
        is_unchanged = found and is_unchanged is None
    modified = fields.get("If-Modified-Since")
    if modified is not None and is_unchanged is not False:
        is_unchanged = reads and _is_unmodified_since(modified, validators, now, has_range)
    if not is_unchanged or (has_range and "if-range" in fields):
        return 0
    return 304


def range_applies(fields: Fields, validators: Validators, now: int) -> bool:
    """Whether If-Range, where there is one, lets a Range count."""
    condition = fields.get("If-Range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == validators.etag
    date, modified = parse_http_date(condition), validators.last_modified
    return date is not None and date == modified and now >= modified + _STRONG_AFTER


def _if_match(text: str, etag: str | None) -> bool:
    if text.startswith("*"):
        return True
    return etag is not None and not etag.startswith("W/") and etag in _listed(text)


def _if_none_match(text: str, etag: str | None, *, weakly: bool) -> bool:
    if text.startswith("*"):
        return True
    if etag is None:
        return False
    if weakly:
        opaque = etag.removeprefix("W/")
        return any(tag.removeprefix("W/") == opaque for tag in _listed(text))
    return not etag.startswith("W/") and etag in _listed(text)


def _listed(text: str) -> list[str]:
    return [match[0] for match in _TAGS.finditer(text)]


def _if_unmodified(text: str, validators: Validators) -> bool:
    date, modified = parse_http_date(text), validators.last_modified
    return modified is None or date is None or modified <= date


def _is_unmodified_since(text: str, validators: Validators, now: int, has_range: bool) -> bool:
    date, modified = parse_http_date(text), validators.last_modified
    if date is None or modified is None or not modified <= date <= now:
        return False
    return not (has_range and now < modified + _STRONG_AFTER)
