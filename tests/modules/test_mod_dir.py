"""DirectoryIndex, DirectorySlash, FallbackResource."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from revproxy.errors import DirectiveError
from revproxy.modules.mod_dir import MODULE
from tests.exchanges import merged, parse
from tests.serving import served


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("sub/index.html", "other/b.html", "abs.html", "empty/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def ask(root: Path, target: str, *lines: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, Location and body of the answer to a request."""
    text = f"DocumentRoot {root}\nErrorLog /dev/null\n" + "\n".join(lines)

    async def main() -> bytes:
        async with served(text) as server:
            request = f"{method} {target} HTTP/1.1\r\nHost: ex.com\r\nConnection: close\r\n\r\n"
            return await server.ask(request.encode())

    head, _, body = trio.run(main).decode().partition("\r\n\r\n")
    location = [line[10:] for line in head.split("\r\n") if line.startswith("Location: ")]
    return int(head[9:12]), "".join(location), body


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/sub/", [], "sub/index.html"),
        ("/sub/", ["DirectoryIndex a.html index.html"], "sub/index.html"),
        ("/other/", ["DirectoryIndex a.html", "DirectoryIndex b.html"], "other/b.html"),
        ("/other/", ["DirectoryIndex a.html /abs.html b.html"], "abs.html"),
        ("/other/", ["DirectoryIndex a.html", "Alias /other/a.html @/abs.html"], "abs.html"),
        ("/none", ["FallbackResource /abs.html"], "abs.html"),
        ("/empty/", ["FallbackResource /abs.html"], "abs.html"),
        ("/none/x", ["FallbackResource /abs.html"], "abs.html"),
    ],
)
def test_what_stands_in(root: Path, path: str, lines: list[str], expected: str) -> None:
    written = [line.replace("@", str(root)) for line in lines]
    assert ask(root, path, *written) == (200, "", expected)


@pytest.mark.parametrize(
    ("path", "lines", "status"),
    [
        ("/empty/", [], 404),
        ("/none", [], 404),
        ("/sub/", ["DirectoryIndex disabled"], 404),
        ("/abs.html/x", ["FallbackResource /abs.html"], 404),
        ("/none", ["FallbackResource disabled"], 404),
        ("/nowhere", ["FallbackResource /nowhere"], 500),
        (
            "/sub/",
            ["<Files index.html>", "Require all denied", "</Files>"],
            403,
        ),
        ("/sub", ["DirectorySlash Off"], 404),
    ],
)
def test_what_stays(root: Path, path: str, lines: list[str], status: int) -> None:
    assert ask(root, path, *lines)[:2] == (status, "")


def test_an_inner_section_has_its_own_indexes() -> None:
    settings = merged(MODULE, ("DirectoryIndex a b",), ("DirectoryIndex c",))
    assert settings.indexes == ("c",)


@pytest.mark.parametrize(
    ("path", "lines", "expected"),
    [
        ("/sub", [], (301, "http://ex.com/sub/")),
        ("/sub?q=1", [], (301, "http://ex.com/sub/?q=1")),
        ("/sub", ["FallbackResource /abs.html"], (301, "http://ex.com/sub/")),
        ("/sub/", ["DirectoryIndexRedirect on"], (302, "http://ex.com/sub/index.html")),
        ("/sub/?q", ["DirectoryIndexRedirect permanent"], (301, "http://ex.com/sub/index.html")),
        ("/sub/", ["DirectoryIndexRedirect 307"], (307, "http://ex.com/sub/index.html")),
        ("/empty/", ["DirectoryIndexRedirect seeother"], (404, "")),
    ],
)
def test_redirects(root: Path, path: str, lines: list[str], expected: tuple[int, str]) -> None:
    assert ask(root, path, *lines)[:2] == expected


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
