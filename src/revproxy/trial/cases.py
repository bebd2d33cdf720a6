"""The cases of a file: what is asked, what the origin is taken to answer, what must come of it.

docs/cases.md is the description for those who write them.

Laws:
- Everything that is wrong with a file is said at once, with file, line and column.
- A case that expects nothing is a mistake: it could not fail.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from revproxy.errors import Diagnostic, Location
from revproxy.explain.ask import PLAYED, Asked, BadRequestError, request_url
from revproxy.explain.played import made_response, read_response
from revproxy.records import dataclass
from revproxy.trial.matchers import WORDS, Matcher, make_matcher
from revproxy.trial.table import Name, Source, Table, listed, octets

FAILURES: Final[dict[str, bytes | None]] = {"down": None, "broken": b""}
"""Origins that do not answer: the connection is refused, or it ends without an octet."""

_REQUEST: Final = ("url", "method", "headers", "client", "tls", "body")
_SHORT: Final = re.compile(r"(?:([A-Za-z][A-Za-z-]*) +)?([^ ]+)")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_RAW: Final = re.compile(r"[\r\n\0]").search
_VALUES: Final = (
    *("upstream", "upstream_method", "upstream_body", "vhost", "location", "file", "body"),
)
_LINES: Final = ("lines", "not_lines", "denied_by")
_EXPECT: Final = ("status", "header", "upstream_header", "chain", *_VALUES, *_LINES)


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that must be so."""

    key: str
    """As in "status" or "header.Location"."""
    wanted: Any
    """A number for a status, a Matcher for values, texts for lines and chains."""
    location: Location


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what must become of it."""

    name: str
    location: Location
    asked: Asked
    responses: tuple[bytes | None, ...]
    """What the origin answers, request by request of a chain; the last one goes on."""
    follow: bool
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A file of cases, or what is wrong with it."""

    path: str
    config: str
    """The configuration that it names; "" for none."""
    defines: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def read_cases(path: str) -> CaseFile:
    """Read a file of cases. Raises OSError."""
    source = Source(octets(path), Path(path).read_bytes())
    root = source.root
    root.only("config", "define", "defaults", "case")
    config, defines = root.text("config"), root.texts("define")
    reader = _Reader(Path(path).parent, root.table("defaults"))
    cases = [reader.case(table) for table in root.tables("case")]
    if not cases and not source.problems:
        root.refuse_whole("there is no case in this file", "write one below [[case]]")
    return CaseFile(path, config, defines, tuple(cases), tuple(source.problems))


class _Reader:
    def __init__(self, folder: Path, defaults: Table) -> None:
        self._folder = folder
        self._defaults = defaults
        defaults.only("headers", "client", "tls", "response")
        self._fields = _fields(defaults)
        self._response: tuple[bytes | None, ...] = (PLAYED,)
        if "response" in defaults:
            self._response = self._responses(defaults)

    def case(self, table: Table) -> Case:
        table.only("name", "request", "response", "follow", "expect")
        asked = self._asked(table)
        expectations = tuple(_expectations(table.table("expect")))
        if not table.get("expect"):
            table.refuse_whole("this case expects nothing", "say what must be so in expect.status")
        name = table.text("name") or f"{asked.method} {asked.url}"
        responses = self._responses(table) if "response" in table else self._response
        return Case(name, table.location, asked, responses, table.flag("follow"), expectations)

    # What is asked.

    def _asked(self, table: Table) -> Asked:
        if "request" not in table:
            table.refuse_whole("this case asks for nothing", 'write request = "GET http://host/"')
            return Asked("http://localhost/")
        if isinstance(table.get("request"), str):
            return self._short(table)
        request = table.table("request")
        request.only(*_REQUEST)
        if "url" not in request:
            request.refuse_whole("this request has no url")
        asked = Asked(
            self._url(request, "url", request.text("url", "http://localhost/")),
            request.text("method", "GET").upper(),
            self._with_defaults(_fields(request)),
            request.text("client") or self._client(),
            request.text("body").encode("latin-1"),
        )
        return _secured(asked) if request.flag("tls") or self._defaults.flag("tls") else asked

    def _short(self, table: Table) -> Asked:
        match = _SHORT.fullmatch(table.text("request").strip(" \t\r\n"))
        if match is None:
            table.refuse("request", "a request is written as 'GET http://host/path'")
            return Asked("http://localhost/")
        url = self._url(table, "request", match[2])
        fields = self._with_defaults(())
        asked = Asked(url, (match[1] or "GET").upper(), fields, self._client())
        return _secured(asked) if self._defaults.flag("tls") else asked

    def _url(self, table: Table, name: str, url: str) -> str:
        try:
            request_url(url)
        except BadRequestError as error:
            table.refuse(name, str(error), "write it whole, as in http://host/path")
            return "http://localhost/"
        return url

    def _client(self) -> str:
        return self._defaults.text("client") or "192.0.2.1"

    def _with_defaults(self, fields: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """A request's fields, before them those of the file that it does not name itself."""
        named = {name.lower() for name, _ in fields}
        return (*(item for item in self._fields if item[0].lower() not in named), *fields)

    # What the origin answers.

    def _responses(self, table: Table) -> tuple[bytes | None, ...]:
        value = table.get("response")
        if isinstance(value, list):
            if not value:
                table.refuse("response", "this list has no response")
            items = table.listed("response")
            return tuple(self._answer(items, index) for index in items.names()) or (PLAYED,)
        return (self._answer(table, "response"),)

    def _answer(self, table: Table, name: Name) -> bytes | None:
        value = table.get(name)
        if isinstance(value, str):
            if value in FAILURES:
                return FAILURES[value]
            return self._written(table, name, table.text(name).encode("latin-1"))
        response = table.table(name)
        response.only("status", "reason", "headers", "body", "file")
        if "file" in response:
            return self._from_file(response)
        return _response(response)

    def _from_file(self, response: Table) -> bytes:
        path = self._folder / response.text("file").encode("latin-1").decode()
        try:
            data = path.read_bytes()
        except OSError as error:
            response.refuse("file", f"{path} cannot be read: {error.strerror}")
            return PLAYED
        return self._written(response, "file", data)

    def _written(self, table: Table, name: Name, data: bytes) -> bytes:
        try:
            return read_response(data)
        except BadRequestError as error:
            hint = '"down" is an origin that cannot be reached, "broken" one that says nothing'
            table.refuse(name, str(error), hint)
            return PLAYED


def _secured(asked: Asked) -> Asked:
    is_plain = asked.url[:5].lower() == "http:"
    return dataclasses.replace(asked, url=f"https:{asked.url[5:]}") if is_plain else asked


def _fields(table: Table) -> tuple[tuple[str, str], ...]:
    """The header fields of a request or response; a list is a field in several lines."""
    headers = table.table("headers")
    found = []
    for name in headers.names():
        for value in headers.texts(name):
            field = octets(name)
            if _RAW(value) or not _TOKEN(field):
                headers.refuse(name, "this is no header field")
            else:
                found.append((field, value))
    return tuple(found)


def _response(table: Table) -> bytes:
    status = table.number("status", 200, 100, 999)
    body = table.text("body").encode("latin-1")
    return made_response(status, _fields(table), body, table.text("reason", "Played"))


# What must come of it.


def _expectations(table: Table) -> Iterable[Expectation]:
    table.only(*_EXPECT)
    if "status" in table:
        yield Expectation("status", table.number("status", 0, 100, 999), table.place("status"))
    for name in _VALUES:
        if name in table:
            yield Expectation(name, _matcher(table, name), table.place(name))
    for name in ("header", "upstream_header"):
        fields = table.table(name)
        for field in fields.names():
            key = f"{name}.{octets(field)}"
            yield Expectation(key, _matcher(fields, field), fields.place(field))
    for name in _LINES:
        if name in table:
            yield Expectation(name, _line_words(table, name), table.place(name))
    if "chain" in table:
        yield Expectation("chain", table.texts("chain"), table.place("chain"))


def _matcher(table: Table, name: str) -> Matcher:
    """A text, a list of texts, true, false, or a table of tests."""
    value = table.get(name)
    if isinstance(value, bool):
        return Matcher(is_absent=not value)
    if isinstance(value, dict):
        tests = table.table(name)
        tests.only(*WORDS)
        pairs = [(word, text) for word in WORDS if word in tests for text in _operands(tests, word)]
        try:
            return make_matcher(pairs)
        except ValueError as error:
            tests.refuse("matches" if "matches" in tests else "not_matches", str(error))
            return Matcher()
    if not isinstance(value, str | list):
        table.refuse(name, f"'{octets(name)}' takes a text, true, false or {{ {listed(WORDS)} }}")
        return Matcher()
    return Matcher(table.texts(name))


def _operands(tests: Table, word: str) -> Sequence[str]:
    return (tests.text(word),) if word == "is" else tests.texts(word)


def _line_words(table: Table, name: str) -> tuple[str, ...]:
    """Lines as numbers, as "file:number" or as the beginning of a directive."""
    value = table.get(name)
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in found):
        table.refuse(
            name, f"'{name}' takes line numbers, \"file:number\" or a directive's beginning"
        )
        return ()
    return tuple(octets(str(item)) for item in found)
