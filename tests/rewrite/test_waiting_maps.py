"""Maps that take time: programs that die, hang and talk too much; databases that refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.serving import Served, served

ECHO = "import sys\nfor line in sys.stdin:\n    print(line.strip().upper(), flush=True)\n"


def program(tmp_path: Path, source: str) -> str:
    (tmp_path / "map.py").write_text(source)
    return (
        f'ErrorLog {tmp_path}/error\nRewriteEngine On\nRewriteMap m "prg:{sys.executable}'
        f' {tmp_path}/map.py"\nRewriteRule ^/x/(.*) http://e.test/${{m:$1|none}} [R]\n'
        "RewriteRule ^/plain http://e.test/plain [R]\n"
    )


async def location(server: Served, path: str) -> str:
    request = f"GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    answer = (await server.ask(request.encode())).decode()
    for line in answer.split("\r\n"):
        if line.startswith("Location: "):
            return line[10:]
    return answer.split("\r\n", 1)[0]


def ask(text: str, *paths: str) -> list[str]:
    async def main() -> list[str]:
        async with served(text) as server:
            try:
                return [await location(server, path) for path in paths]
            finally:
                server.plan.close()

    return trio.run(main)


def test_a_program_answers_line_by_line(tmp_path: Path) -> None:
    found = ask(program(tmp_path, ECHO), "/x/a", "/x/null", "/x/b%0ac", "/x/" + "d" * 5000)
    base = "http://e.test/"
    assert found == [f"{base}A", f"{base}none", f"{base}none", base + "D" * 5000]


def test_many_ask_at_once_and_each_has_its_answer(tmp_path: Path) -> None:
    found: dict[int, str] = {}

    async def main() -> None:
        async with served(program(tmp_path, ECHO)) as server:

            async def one(number: int) -> None:
                found[number] = await location(server, f"/x/n{number}")

            async with trio.open_nursery() as nursery:
                for number in range(20):
                    nursery.start_soon(one, number)
            server.plan.close()

    trio.run(main)
    assert found == {number: f"http://e.test/N{number}" for number in range(20)}


def test_a_program_that_ends_leaves_its_key_without_a_value(tmp_path: Path) -> None:
    found = ask(program(tmp_path, "import sys\nsys.stdin.readline()\n"), "/x/a", "/plain", "/x/a")
    assert found == ["http://e.test/none", "http://e.test/plain", "http://e.test/none"]


def test_a_program_that_cannot_start_is_told(tmp_path: Path) -> None:
    text = program(tmp_path, ECHO).replace(f"prg:{sys.executable}", "prg:/dev/null")
    assert ask(text, "/x/a") == ["http://e.test/none"]


def test_others_are_served_while_a_program_thinks(tmp_path: Path) -> None:
    async def main() -> tuple[str, str]:
        text = program(tmp_path, "import sys\nsys.stdin.read()\n")
        async with served(text) as server:
            slow = ""

            async def ask_slowly() -> None:
                nonlocal slow
                slow = await location(server, "/x/a")

            async with trio.open_nursery() as nursery:
                nursery.start_soon(ask_slowly)
                await trio.testing.wait_all_tasks_blocked()
                quick = await location(server, "/plain")
                for connection in server.watchdog.watched:
                    connection.deadline = 0.0
                server.watchdog.look()
            server.plan.close()
            return quick, slow

    quick, slow = trio.run(main)
    assert quick == "http://e.test/plain"
    assert slow == "HTTP/1.1 500 Internal Server Error"


@pytest.mark.parametrize(
    ("query", "key", "expected"),
    [
        ("SELECT %s || '!'", "a", "a!"),
        ("SELECT 1 WHERE %s = 'b'", "a", "none"),
        ("SELEKT %s", "a", "none"),
        ("SELECT NULL", "a", "none"),
        ("SELECT '100%%' WHERE %s = 'a'", "a", "100%25"),
    ],
)
def test_a_database_is_asked(query: str, key: str, expected: str) -> None:
    text = (
        "ErrorLog /dev/null\nDBDriver sqlite3\nDBDParams :memory:\nRewriteEngine On\n"
        f'RewriteMap m "dbd:{query}"\nRewriteRule ^/(.*) http://e.test/${{m:$1|none}} [R]\n'
    )
    assert ask(text, f"/{key}", f"/{key}") == [f"http://e.test/{expected}"] * 2
