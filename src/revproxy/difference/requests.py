"""Requests to ask two configurations: a list of URLs, or an access log.

Laws:
- A list has one URL a line, with a method before it where that is not GET; `#` begins a comment.
- An access log is known by its lines: common or combined, with or without the virtual host first.
- What a list says wrong is a mistake; a log has lines that are no requests, which are counted.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Sequence
from typing import Final

from revproxy.config.tree import Configuration
from revproxy.errors import Diagnostic, Location, Severity
from revproxy.explain.ask import Asked, BadRequestError, request_url
from revproxy.records import dataclass

CODE: Final = "requests"
_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
_WORD: Final = r'[^\s"]+'
_LOG: Final = re.compile(
    rf"(?:(?P<host>{_WORD}) )?(?P<client>{_WORD}) {_WORD} (?P<user>{_WORD}|\"[^\"]*\") "
    + rf"\[[^\]]+\] {_QUOTED} (?P<status>\d{{3}}|-) (?:\d+|-)(?: {_QUOTED} {_QUOTED})?(?: .*)?",
    re.ASCII,
).fullmatch
_REQUEST: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ ]+)(?: HTTP/\d\.\d)?").fullmatch
_LISTED: Final = re.compile(r"(?:([A-Za-z]+) +)?([^ \t]+)").fullmatch
_BLANK: Final = " \t\r"
"""To `strip` and to `\\s`, octets of UTF-8 are blanks as well."""
_ESCAPED: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ADDRESS: Final = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*").fullmatch


@dataclass(frozen=True, slots=True)
class Requests:
    """What is asked, each request once, and how often it was there."""

    asked: tuple[tuple[Asked, int], ...] = ()
    skipped: tuple[int, ...] = ()
    """The lines of a log that are no requests."""
    is_log: bool = False
    problems: tuple[Diagnostic, ...] = ()


def read_requests(name: str, data: bytes, base: str) -> Requests:
    """The requests of a file; `base` is the URL that an access log's paths stand below."""
    # Not splitlines: octets of UTF-8 are line ends to it.
    lines = data.decode("latin-1").replace("\r\n", "\n").split("\n")
    if is_log(lines):
        return _from_log(lines, base)
    return _from_list(name, lines)


def is_log(lines: Sequence[str]) -> bool:
    """Whether the first line that says something is one of an access log."""
    first = next((line for line in lines if line.strip(_BLANK) and not line.startswith("#")), "")
    return _LOG(first) is not None


def base_of(configuration: Configuration) -> str:
    """The URL that the first ServerName and the first Listen of a configuration make."""
    names = [item.values[0] for item in configuration.walk() if item.key == "servername"]
    ports = [
        item.values[0].rpartition(":")[2] for item in configuration.walk() if item.key == "listen"
    ]
    host = names[0].rpartition("://")[2].partition(":")[0] if names else "localhost"
    port = ports[0] if ports else "80"
    scheme = "https" if port == "443" else "http"
    return f"{scheme}://{host}" if port in ("80", "443") else f"{scheme}://{host}:{port}"


def _from_list(name: str, lines: Sequence[str]) -> Requests:
    found: dict[Asked, int] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        text = line.strip(_BLANK)
        if not text or text.startswith("#"):
            continue
        match = _LISTED(text)
        try:
            if match is None:
                raise BadRequestError(f"'{text}' is neither a URL nor a method and a URL")
            request_url(match[2])
        except BadRequestError as error:
            column = len(line) - len(line.lstrip(_BLANK)) + 1
            place = Location(name, number, column, column + len(text), line)
            hint = "write one a line, as in http://www.example.com/path"
            problems.append(Diagnostic(CODE, Severity.ERROR, place, str(error), hint))
            continue
        asked = Asked(match[2], (match[1] or "GET").upper())
        found[asked] = found.get(asked, 0) + 1
    if not found and not problems:
        message = "there is no request in this file"
        problems.append(Diagnostic(CODE, Severity.ERROR, Location(name, 1), message))
    return Requests(tuple(found.items()), problems=tuple(problems))


def _from_log(lines: Sequence[str], base: str) -> Requests:
    found: dict[Asked, int] = {}
    skipped = []
    for number, line in enumerate(lines, 1):
        if not line.strip(_BLANK):
            continue
        asked = _logged(line, base)
        if asked is None:
            skipped.append(number)
        else:
            found[asked] = found.get(asked, 0) + 1
    return Requests(tuple(found.items()), tuple(skipped), is_log=True)


def _logged(line: str, base: str) -> Asked | None:
    """The request of a line of an access log, None where it is none."""
    match = _LOG(line.rstrip(_BLANK))
    request = _REQUEST(_unescaped(match[4])) if match is not None else None
    if match is None or request is None:
        return None
    method, target = request.groups()
    if match["host"] is not None and target.startswith("/"):
        scheme = urllib.parse.urlsplit(base).scheme
        url = f"{scheme}://{match['host']}{target}"
    elif target.startswith("/"):
        url = f"{base.rstrip('/')}{target}"
    else:
        url = target
    try:
        request_url(url)
    except BadRequestError:
        return None
    fields = [
        (name, _unescaped(value))
        for name, value in (("Referer", match[6]), ("User-Agent", match[7]))
        if value not in (None, "-", "")
    ]
    client = match["client"] if _ADDRESS(match["client"]) else Asked("").client
    return Asked(url, method, tuple(fields), client)


def _unescaped(text: str) -> str:
    """A value as it was before mod_log_config escaped it."""

    def octet(match: re.Match[str]) -> str:
        word = match[1]
        if len(word) == 3:
            return chr(int(word[1:], 16))
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f"}.get(word, word)

    return _ESCAPED.sub(octet, text)
