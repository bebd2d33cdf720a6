"""Exchanges on a fake connection, for tests of what works on an exchange without a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revproxy.config.tree import Directive, Word
from revproxy.errors import Location
from revproxy.http.fields import Fields
from revproxy.http.message import Exchange, Trace
from revproxy.http.request_head import Limits, parse_request
from revproxy.module import Module, Scope, ScopeKind, Server, merge_settings


class FakeConnection:
    """A client connection that sends nowhere."""

    def __init__(self) -> None:
        self.client_address = "192.0.2.7"
        self.client_port = 40000
        self.local_address = "127.0.0.1"
        self.local_port = 8080
        self.is_tls = False
        self.tls: Any = None
        self.trace: Trace | None = None
        self.announced: tuple[str, int] | None = None
        self.requests = 1
        self.memo: dict[Any, Any] = {}


def make_exchange(
    head: str = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", **slots: Any
) -> Exchange:
    """An exchange of a request's head; `slots` are set on it."""
    request = parse_request(head.removesuffix("\r\n\r\n").encode("latin-1"), Limits())
    exchange = Exchange(
        FakeConnection(),  # type: ignore[arg-type]
        request.line,
        request.method,
        request.target,
        request.protocol,
        request.block,
    )
    exchange.raw_path, _, query = request.target.partition("?")
    exchange.path = exchange.raw_path
    exchange.query = query or None
    for name, value in slots.items():
        setattr(exchange, name, value)
    return exchange


def directive(line: str) -> Directive:
    """A directive of one line, split as `ap_getword_conf` splits it."""
    place = Location("test.conf", 1)
    name, _, raw = line.strip().partition(" ")
    words: list[str] = []
    rest = raw.strip()
    while rest:
        if rest[0] in "\"'":
            quote, word, index = rest[0], "", 1
            while index < len(rest) and rest[index] != quote:
                if rest[index] == "\\" and rest[index + 1 : index + 2] in (quote, "\\"):
                    index += 1
                word += rest[index]
                index += 1
            words.append(word)
            rest = rest[index + 1 :].lstrip()
        else:
            word, _, rest = rest.partition(" ")
            words.append(word.replace("\\\\", "\\"))
            rest = rest.lstrip()
    return Directive(name, tuple(Word(word, place) for word in words), raw.strip(), place)


def parse(module: Module, *lines: str, scope: Scope | None = None) -> Any:
    """The module's settings after these lines."""
    settings = module.settings()
    for line in lines:
        item = directive(line)
        settings = module.directives[item.key](settings, item, scope or Scope())
    return settings


def hook(module: Module, phase: str, *lines: str, **facts: Any) -> Any:
    """The module's hook of a phase for these lines at server level."""
    return module.hooks[phase](parse(module, *lines), Server(**facts))


def merged(module: Module, outer: tuple[str, ...], inner: tuple[str, ...]) -> Any:
    """The settings of `inner` lines in a section over `outer` ones at server level."""
    section = Scope(ScopeKind.LOCATION, "/")
    return merge_settings(parse(module, *outer), parse(module, *inner, scope=section))


def fields(**values: str) -> Fields:
    """A field table; `_` in a name stands for `-`."""
    table = Fields()
    for name, value in values.items():
        table.add(name.replace("_", "-"), value)
    return table


def lines_of(table: Fields | Mapping[str, str]) -> list[str]:
    """The lines of a field table as they go out."""
    assert isinstance(table, Fields)
    return [item[2].decode("latin-1") for item in table.items]
