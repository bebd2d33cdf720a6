"""Access files as a server reads them: what is told, what is read again, what costs nothing."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import trio

from revproxy.plan import htaccess
from revproxy.plan.conditional import Entry
from revproxy.plan.load import load_text
from revproxy.plan.walk import DirectoryWalk
from tests.exchanges import make_exchange
from tests.serving import Served, served


async def ask(server: Served, path: str) -> tuple[str, dict[str, str]]:
    request = f"GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    answer = (await server.ask(request.encode())).decode()
    lines = answer.partition("\r\n\r\n")[0].split("\r\n")
    return lines[0][9:12], dict(line.split(": ", 1) for line in lines[1:])


def server_of(root: Path, allow: str = "AllowOverride All") -> str:
    (root / "htdocs/deep").mkdir(parents=True)
    (root / "htdocs/deep/a.txt").write_text("a")
    return (
        f"DocumentRoot {root}/htdocs\nErrorLog {root}/error\n"
        f"<Directory />\nAllowOverride None\n</Directory>\n"
        f"<Directory {root}/htdocs>\n{allow}\n</Directory>\n"
    )


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    text = server_of(tmp_path)
    access = tmp_path / "htdocs/deep/.htaccess"

    async def main() -> list[str]:
        found = []
        async with served(text) as server:
            for content in ("", "Header set X-N 1\n", "Header set X-N 22\n", "Frob\n", None):
                if content is None:
                    access.unlink()
                else:
                    access.write_text(content)
                status, fields = await ask(server, "/deep/a.txt")
                found.append(status + fields.get("X-N", ""))
        return found

    assert trio.run(main) == ["200", "2001", "20022", "500", "200"]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    text = server_of(tmp_path)
    access = tmp_path / "htdocs/deep/.htaccess"
    access.write_text("Header set X-N 1\n")
    kept = access.stat()

    async def main() -> list[str]:
        async with served(text) as server:
            found = [(await ask(server, "/deep/a.txt"))[1]["X-N"]]
            access.write_text("Header set X-N 2\n")
            os.utime(access, ns=(kept.st_atime_ns, kept.st_mtime_ns))
            found.append((await ask(server, "/deep/a.txt"))[1]["X-N"])
        return found

    assert trio.run(main) == ["1", "1"]


class Told:
    """An error log that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def is_enabled(self, _level: str, _module: str) -> bool:
        return True

    def log(self, level: str, module: str, message: str, **_facts: object) -> None:
        self.lines.append(f"{module}:{level} {message}")


def test_mistakes_are_told_with_their_place_once(tmp_path: Path) -> None:
    text = server_of(tmp_path)
    access = tmp_path / "htdocs/.htaccess"
    access.write_text("# mine\nDirectorySlash Maybe\n\nListen 81\nFrobnicate\n")
    told = Told()

    async def main() -> list[str]:
        async with served(text) as server:
            server.plan.main.error_log = told
            return [(await ask(server, "/deep/a.txt"))[0] for _ in range(2)]

    assert trio.run(main) == ["500", "500"]
    unknown = "perhaps misspelled or defined by a module not included in the server configuration"
    assert sorted(told.lines) == [
        f"core:alert {access}:2:16: DirectorySlash must be On or Off (DirectorySlash On|Off)",
        f"core:alert {access}:4:1: Listen not allowed here",
        f"core:alert {access}:5:1: Invalid command 'Frobnicate', {unknown}",
    ]


def walk_of(text: str) -> DirectoryWalk:
    walk = load_text(text).plan().main.walk
    assert isinstance(walk, DirectoryWalk)
    return walk


INNER = """
<Files a.txt>
Header set X-A {0}
</Files>
<If true>
Header set X-N {0}
</If>
<FilesMatch "^(?<word>.)">
Header set X-Word "%{{MATCH_WORD}}e"
</FilesMatch>
"""


def test_what_a_file_said_before_is_forgotten(tmp_path: Path) -> None:
    access = tmp_path / "htdocs/deep/.htaccess"
    host = load_text(server_of(tmp_path)).plan().main

    def counts() -> tuple[int, int]:
        for path in ("/deep/a.txt", "/deep/b.txt", "/none"):
            host.full_plan(make_exchange(server=host, filename=f"{tmp_path}/htdocs{path}"))
        gc.collect()
        return len(host.plans), sum(isinstance(item, Entry) for item in gc.get_objects())

    access.write_text(INNER.format(0))
    before = counts()
    for number in range(1, 20):
        access.write_text(INNER.format("x" * number))
        assert counts() == before


def test_files_beyond_a_number_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(htaccess, "MOST_KEPT", 3)
    host = load_text(server_of(tmp_path)).plan().main
    assert isinstance(host.walk, DirectoryWalk)
    assert host.walk.access_files is not None
    counts = set()
    for number in (*range(8), 7, 6, 5):
        directory = tmp_path / f"htdocs/{number}"
        directory.mkdir(exist_ok=True)
        (directory / ".htaccess").write_text("Header set X-N 1\n")
        exchange = make_exchange(server=host, filename=f"{directory}/a.txt")
        host.full_plan(exchange)
        counts.add((len(host.walk.access_files), len(host.plans)))
    assert max(counts) == (3, 4)


def test_nothing_is_looked_for_where_nothing_may_stand(tmp_path: Path) -> None:
    text = server_of(tmp_path, "AllowOverride None")
    assert walk_of(text).access_files is None
    assert walk_of("Listen 80\n").access_files is not None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("AllowOverride Everything", "Illegal override option Everything"),
        ("AllowOverride Options=Frob", "Illegal option frob"),
        ("AllowOverride Nonfatal", "=Override, =Unknown or =All expected after Nonfatal"),
        ("AllowOverride FileInfo=x", "Illegal override option FileInfo=x"),
        (
            "AllowOverrideList None Header",
            "'None' not allowed with other directives in AllowOverrideList",
        ),
    ],
)
def test_what_is_refused_in_the_server(line: str, message: str) -> None:
    [finding] = load_text(f"<Directory />\n{line}\n</Directory>\n").diagnostics
    assert finding.message == message
