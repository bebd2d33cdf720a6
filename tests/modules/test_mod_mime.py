"""Types by extension, with the outcomes that Apache 2.4.71 showed."""

from __future__ import annotations

from pathlib import Path

import pytest

from revproxy.errors import ConfigError, DirectiveError
from revproxy.module import Server
from revproxy.modules.mod_mime import MODULE
from tests.exchanges import lines_of, make_exchange, merged, parse

LINES = (
    "AddCharset UTF-8 .utf8",
    "AddLanguage en .en",
    "AddLanguage de .de",
    "AddEncoding x-gzip .gz",
    "AddType text/Foo .foo bar",
)


@pytest.fixture
def types(tmp_path: Path) -> str:
    name = tmp_path / "mime.types"
    name.write_text("# types\ntext/html\t\thtml htm\ntext/plain txt # plain\nimage/x\n")
    return f"TypesConfig {name}"


def told(settings: object, name: str) -> tuple[str | None, list[str]]:
    exchange = make_exchange(filename=f"/srv/{name}")
    run = MODULE.hooks["type_checker"](settings, Server())
    assert run is not None
    run(exchange)
    return exchange.content_type, lines_of(exchange.out)


@pytest.mark.parametrize(
    ("name", "kind", "fields"),
    [
        ("a.html", "text/html", []),
        ("A.HTML", "text/html", []),
        ("a.html.en", "text/html", ["Content-Language: en"]),
        ("a.html.de.gz", "text/html", ["Content-Encoding: x-gzip", "Content-Language: de"]),
        ("a.en.de.html", "text/html", ["Content-Language: en,de"]),
        ("x.utf8.html", "text/html; charset=utf-8", []),
        ("x.html.utf8", "text/html; charset=utf-8", []),
        ("x.utf8", None, []),
        ("a.foo.html", "text/html", []),
        ("a.bar", "text/foo", []),
        ("a.html.unknown", "text/html", []),
        (".html", None, []),
        (".foo.txt", "text/plain", []),
        ("a.", None, []),
        ("a.txt.", "text/plain", []),
        ("noext", None, []),
        ("dir.html/noext", None, []),
    ],
)
def test_a_name(types: str, name: str, kind: str | None, fields: list[str]) -> None:
    assert told(parse(MODULE, types, *LINES), name) == (kind, fields)


def test_what_is_removed(types: str) -> None:
    settings = merged(MODULE, (types, *LINES), ("RemoveType .foo html", "RemoveLanguage .en"))
    assert told(settings, "a.foo") == (None, [])
    assert told(settings, "a.html.en") == (None, [])
    assert told(settings, "a.txt.de") == ("text/plain", ["Content-Language: de"])


def test_the_default_language(types: str) -> None:
    settings = parse(MODULE, types, *LINES, "DefaultLanguage fr")
    assert told(settings, "a.html")[1] == ["Content-Language: fr"]
    assert told(settings, "a.html.en")[1] == ["Content-Language: en"]


def test_the_systems_types() -> None:
    assert told(parse(MODULE), "a.html")[0] == "text/html"


def test_what_is_proxied_has_the_origins_type(types: str) -> None:
    exchange = make_exchange(filename="/srv/a.html", proxy=object())
    run = MODULE.hooks["type_checker"](parse(MODULE, types), Server())
    assert run is not None
    run(exchange)
    assert exchange.content_type is None


def test_a_missing_types_file_is_an_error() -> None:
    settings = parse(MODULE, "TypesConfig /no/such/mime.types")
    with pytest.raises(ConfigError, match=r"could not open mime types config file /no/such"):
        MODULE.hooks["type_checker"](settings, Server())


def test_a_handler_that_is_not_there() -> None:
    with pytest.raises(DirectiveError, match="the handler 'cgi-script' is not implemented"):
        parse(MODULE, "AddHandler cgi-script .cgi")
    settings = parse(MODULE, "AddHandler default-handler .cgi")
    assert settings.handlers == {"cgi": "default-handler"}
