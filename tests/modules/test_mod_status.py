"""mod_status: the figures for programs, and that a page shows what is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio

from revproxy import scoreboard
from revproxy.modules.mod_status import duration
from revproxy.scoreboard import Scoreboard
from tests.serving import served

CONFIG = """
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule status_module modules/mod_status.so
Listen 80
ServerName www.test
<Location /status>
    SetHandler server-status
</Location>
"""


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    board = Scoreboard()
    board.sit(7)
    board.count(4096, 2500)
    board.count(0, 500)
    board.tell(2, 3, stops=False)
    board.workers = 10
    scoreboard.install(board)
    yield board
    scoreboard.install(None)


def ask(target: str, config: str = CONFIG) -> tuple[str, str]:
    async def main() -> bytes:
        async with served(config) as server:
            return await server.ask(
                f"GET {target} HTTP/1.1\r\nHost: www.test\r\nConnection: close\r\n\r\n".encode()
            )

    head, _, body = trio.run(main).decode("latin-1").partition("\r\n\r\n")
    return head, body


def test_the_figures_for_programs(board: Scoreboard) -> None:
    board.generation = 2
    head, body = ask("/status?auto")
    assert head.startswith("HTTP/1.1 200 OK")
    assert "Content-Type: text/plain; charset=ISO-8859-1" in head
    lines = body.splitlines()
    figures = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0] == "www.test"
    assert figures["Total Accesses"] == "2"
    assert figures["Total kBytes"] == "4"
    assert figures["Total Duration"] == "3"
    assert figures["BytesPerReq"] == "2048"
    assert figures["DurationPerReq"] == "1.5"
    assert (figures["BusyWorkers"], figures["IdleWorkers"]) == ("2", "5")
    assert figures["ParentServerConfigGeneration"] == "3"
    assert figures["Scoreboard"] == "WWKKK_____"


def test_a_page_for_people(board: Scoreboard) -> None:
    head, body = ask("/status?refresh=7")
    assert "Content-Type: text/html; charset=ISO-8859-1" in head
    assert "Refresh: 7" in head
    assert "<td>7</td>" in body
    assert "WWKKK_____" in body


def test_extended_status_off_tells_no_totals(board: Scoreboard) -> None:
    _, body = ask("/status?auto", f"ExtendedStatus Off\n{CONFIG}")
    assert "Total Accesses" not in body
    assert "BusyWorkers: 2" in body


def test_a_snippet_counts_nothing_and_says_so(board: Scoreboard) -> None:
    _, body = ask("/status?auto", CONFIG[CONFIG.index("ServerName") :])
    assert "Total Accesses" not in body
    assert "Scoreboard: WWKKK_____" in body


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (7200, "2 hours 0 minutes 0 seconds"),
        (90061, "1 day 1 hour 1 minute 1 second"),
    ],
)
def test_durations(seconds: int, words: str) -> None:
    assert duration(seconds) == words
