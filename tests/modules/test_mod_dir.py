"""DirectoryIndex, DirectorySlash, FallbackResource."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.message import Exchange
from revproxy.modules.mod_dir import MODULE
from tests.exchanges import hook, make_exchange, merged, parse


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("sub/index.html", "other/b.html", "abs.html", "empty/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def mapped(root: Path, path: str, *lines: str, method: str = "GET") -> Exchange:
    exchange = make_exchange(f"{method} {path} HTTP/1.1\r\nHost: ex.com\r\n\r\n")
    exchange.filename = f"{root}{exchange.path}"
    exchange.server = SimpleNamespace(full_plan=lambda _exchange: "another plan")
    hook(MODULE, "map", *lines, document_root=str(root))(exchange)
    return exchange


def where(root: Path, exchange: Exchange) -> tuple[str, str]:
    assert exchange.filename is not None
    return exchange.path, exchange.filename.removeprefix(str(root))


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/sub/", [], "/sub/index.html"),
        ("/sub/", ["DirectoryIndex a.html index.html"], "/sub/index.html"),
        ("/other/", ["DirectoryIndex a.html", "DirectoryIndex b.html"], "/other/b.html"),
        ("/other/", ["DirectoryIndex a.html /abs.html b.html"], "/abs.html"),
        ("/none", ["FallbackResource /abs.html"], "/abs.html"),
        ("/empty/", ["FallbackResource /abs.html"], "/abs.html"),
        ("/none/x", ["FallbackResource /abs.html"], "/abs.html"),
    ],
)
def test_what_stands_in(root: Path, path: str, lines: list[str], expected: str) -> None:
    exchange = mapped(root, path, *lines)
    assert where(root, exchange) == (expected, expected)
    assert exchange.plan == "another plan"


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/sub", []),
        ("/empty/", []),
        ("/sub/index.html", []),
        ("/none", []),
        ("/sub/", ["DirectoryIndex disabled"]),
        ("/sub/", ["DirectoryIndexRedirect on"]),
        ("/sub", ["FallbackResource /abs.html"]),
        ("/abs.html/x", ["FallbackResource /abs.html"]),
        ("/none", ["FallbackResource disabled"]),
        ("/nowhere", ["FallbackResource /nowhere"]),
    ],
)
def test_what_stays(root: Path, path: str, lines: list[str]) -> None:
    exchange = mapped(root, path, *lines)
    assert where(root, exchange) == (path, path)
    assert exchange.plan is None


def test_options_asks_about_the_directory(root: Path) -> None:
    assert mapped(root, "/sub/", method="OPTIONS").path == "/sub/"


def test_an_inner_section_has_its_own_indexes() -> None:
    settings = merged(MODULE, ("DirectoryIndex a b",), ("DirectoryIndex c",))
    assert settings.indexes == ("c",)


def redirected(root: Path, path: str, *lines: str) -> tuple[int, str | None] | None:
    exchange = make_exchange(f"GET {path} HTTP/1.1\r\nHost: ex.com\r\n\r\n", host="ex.com")
    exchange.filename = f"{root}{exchange.path}"
    run = hook(MODULE, "type_checker", *lines, document_root=str(root))
    if run is None:
        return None
    try:
        run(exchange)
    except HTTPError as error:
        return error.status, exchange.out.get("Location")
    return None


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/sub", [], (301, "http://ex.com/sub/")),
        ("/sub?q=1", [], (301, "http://ex.com/sub/?q=1")),
        ("/sub", ["DirectorySlash Off"], None),
        ("/sub/", [], None),
        ("/none", [], None),
        ("/abs.html", [], None),
        ("/sub/", ["DirectoryIndexRedirect on"], (302, "http://ex.com/sub/index.html")),
        ("/sub/?q", ["DirectoryIndexRedirect permanent"], (301, "http://ex.com/sub/index.html?q")),
        ("/sub/", ["DirectoryIndexRedirect 307"], (307, "http://ex.com/sub/index.html")),
        ("/empty/", ["DirectoryIndexRedirect seeother"], None),
    ],
)
def test_redirects(
    root: Path, path: str, lines: list[str], expected: tuple[int, str] | None
) -> None:
    assert redirected(root, path, *lines) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "DirectoryIndexRedirect foo",
            "DirectoryIndexRedirect ON|OFF|permanent|temp|seeother|3xx",
        ),
        (
            "DirectoryIndexRedirect 200",
            "DirectoryIndexRedirect only accepts values between 300 and 399",
        ),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(DirectiveError) as caught:
        parse(MODULE, line)
    assert caught.value.message == message
