"""The error log's lines, with the outcomes that Apache 2.4.71 showed."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.error_log import ErrorLog, parse_log_level
from revproxy.error_log_format import Record, compile_format, escape
from revproxy.logs import Logs
from tests.exchanges import make_exchange

HEAD = "GET / HTTP/1.1\r\nHost: Example.com\r\n"
REFERER = f'{HEAD}Referer: http://r/"x\\y\xe4\r\n\r\n'
PLAIN = f"{HEAD}\r\n"


class Log:
    """An error log in a file, and what was written to it."""

    def __init__(self, path: Path, levels: dict[str, str] | None = None, **formats: Any) -> None:
        self._path = path / "error"
        self._logs = Logs()
        self.log = ErrorLog(self._logs.writer(str(self._path)), levels, **formats)
        self._logs.open()

    def lines(self) -> list[str]:
        self._logs.close()
        return self._path.read_text("latin-1").splitlines()


STAMP = r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4}\] "


def test_the_default_line(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.log.log(
        "error",
        "proxy",
        "attempt failed",
        code="AH00957",
        error=OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)),
    )
    log.log.log("error", "core", 'a"b\\c\xc3\t\n', exchange=make_exchange(REFERER))
    first, second = log.lines()
    pid = rf"\[pid {os.getpid()}:tid \d+\] "
    assert re.fullmatch(
        rf"{STAMP}\[proxy:error\] {pid}\(111\)Connection refused: AH00957: attempt failed", first
    )
    rest = r'[client 192.0.2.7:40000] a"b\\c\xc3\t\n, referer: http://r/"x\\y\xe4'
    assert re.fullmatch(rf"{STAMP}\[core:error\] {pid}{re.escape(rest)}", second)


def test_levels_by_module(tmp_path: Path) -> None:
    log = Log(tmp_path, {"": "error", "proxy": "trace2"}, main=compile_format("%M", main=True))
    log.log.log("warn", "core", "1")
    log.log.log("error", "core", "2")
    log.log.log("trace2", "proxy", "3")
    log.log.log("trace3", "proxy", "4")
    log.log.log("notice", "core", "5")
    log.log.log("notice", "core", "6", exchange=make_exchange())
    assert log.lines() == ["2", "3", "5"]
    assert log.log.is_enabled("debug", "proxy")
    assert not log.log.is_enabled("debug", "core")


def test_the_default_level_is_warn(tmp_path: Path) -> None:
    log = Log(tmp_path, main=compile_format("%l %M", main=True))
    for level in ("warn", "notice", "info"):
        log.log.log(level, "core", "m", exchange=make_exchange())
    assert log.lines() == ["warn m"]


def line(text: str, *, head: str = PLAIN, level: str = "info", **slots: Any) -> str:
    """What a format makes of a message about a request."""
    exchange = make_exchange(head, log_id="ID", **slots)
    exchange.connection.memo["log_id"] = "CID"
    record = Record(level, "core", "msg", exchange, exchange.connection)
    result = compile_format(text, main="%M" in text, server_name="ex.com")(record)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "%% %a %{c}a %A %l %m %M",
            "% 192.0.2.7:40000 192.0.2.7:40000 127.0.0.1:8080 info core msg",
        ),
        ("%v %V %k %L %{c}L %M", "ex.com example.com 0 ID CID msg"),
        ("%M x%{C}L y", "msg y"),
        ("%M e=%{AA}e n=%{nn}n f=%F E=%E x", "msg e=1 n=2 x"),
        (r"%M [%-{Referer}i] b%-{Nope}i", "msg [-] b-"),
        (r"%M x%5lx x%6lx x%7lx", "msg xinfox xinfox"),
        (r"%M %{Nope}i [%{Nope}i] [a\ %{Nope}i] y%{Nope}i%ly b", "msg b"),
        (r"%7F x %M", " x msg"),
        (r"%M% ,\ referer\ %{Referer}i", "msg"),
        (r"%{x}M\ a", "msg a"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    assert line(text, env={"AA": "1"}, notes={"nn": "2"}, host="example.com") == expected


def test_a_value_of_the_request_is_escaped() -> None:
    assert line(r"%M% ,\ r\ %{Referer}i", head=REFERER) == r'msg, r http://r/"x\\y\xe4'


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("%t", r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}"),
        ("%{u}t", r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d\.\d{6} \d{4}"),
        ("%{m}t", r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d\.\d{3} \d{4}"),
        ("%{c}t", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("%{cu}t", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"),
        ("%P %T %{g}T", rf"{os.getpid()} \d+ \d+"),
    ],
)
def test_times_and_processes(text: str, pattern: str) -> None:
    assert re.fullmatch(pattern, line(text))


def test_lines_ahead_of_the_first(tmp_path: Path) -> None:
    log = Log(
        tmp_path,
        main=compile_format("M %L %M", main=True),
        request=(
            compile_format("R %L %{Referer}i", main=False),
            compile_format("R2 %+{Referer}i", main=False),
        ),
        connection=(compile_format("C %{c}L %{C}L", main=False),),
    )
    exchange = make_exchange(PLAIN)
    log.log.log("error", "core", "one", exchange=exchange)
    log.log.log("error", "core", "two", exchange=exchange)
    ident, peer = exchange.log_id, exchange.connection.memo["log_id"]
    assert ident
    assert peer not in ("", ident)
    assert log.lines() == [
        f"C {peer} {peer}",
        f"R {ident}",
        f"M {ident} one",
        f"M {ident} two",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("%q %M", "Unrecognized error log format directive %q"),
        ("%{a", "Ran off end of error log format parsing args to some directive"),
        ("%", "Ran off end of error log format parsing args to some directive"),
        ("abc", "main ErrorLogFormat must contain message format string '%M'"),
        ("%16l %M", "The specified loglevel modifier is out of range"),
        ("%M %+{Referer}i", "The '+' flag cannot be used in the main error log format"),
    ],
)
def test_a_wrong_format(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compile_format(text, main=True)


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        ("WARN", {"": "warn"}),
        (
            "warn proxy:Debug rewrite_module:trace3",
            {"": "warn", "proxy": "debug", "rewrite": "trace3"},
        ),
        ("mod_proxy.c:info", {"proxy": "info"}),
        ("proxy:info warn", {"": "warn"}),
    ],
)
def test_log_level(words: str, levels: dict[str, str]) -> None:
    assert parse_log_level(words.split()) == levels


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("foo", "Log level keyword must be one of emerg/alert/crit/"),
        ("proxy:trace9", "proxy:trace9: Log level keyword must be one of emerg/"),
        ("proxy:", "Module specifier 'proxy' must be followed by a log level keyword"),
        ("nope:debug", "Cannot find module nope"),
        ("mod_proxy:debug", "Cannot find module mod_proxy"),
        ("Proxy:debug", "Cannot find module Proxy"),
    ],
)
def test_a_wrong_log_level(words: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse_log_level(words.split())


@given(st.text(st.characters(max_codepoint=255)))
def test_escaped_text_is_one_printable_line(text: str) -> None:
    escaped = escape(text)
    assert escaped.isascii()
    assert escaped.isprintable() or not escaped
    assert escaped.encode("ascii").decode("unicode_escape") == text
