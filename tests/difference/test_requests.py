"""Requests from lists and logs, and what two configurations answer to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from revproxy.cli import main
from revproxy.difference.requests import base_of, read_requests
from revproxy.explain.ask import Asked
from revproxy.plan.load import load_text

COMMON = '192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET /a?b=c HTTP/1.1" 200 2326'
COMBINED = f'{COMMON} "http://r/" "Mozilla \\"5\\" \\\\ \\xc3\\xa4"'


def asked_of(text: str, base: str = "http://www.test:81") -> list[tuple[Asked, int]]:
    requests = read_requests("r.txt", text.encode("latin-1"), base)
    assert requests.problems == ()
    return list(requests.asked)


def test_a_list_of_urls():
    text = "# a list\nhttp://a.test/\n\n  POST  https://a.test/x \nhttp://a.test/\n"
    assert asked_of(text) == [
        (Asked("http://a.test/"), 2),
        (Asked("https://a.test/x", "POST"), 1),
    ]


def test_octets_of_utf_8_are_no_ends_of_lines():
    text = "http://a.test/Å\r\nhttp://a.test/\u2028\n".encode()
    requests = read_requests("r.txt", text, "")
    assert [asked.url.encode("latin-1").decode() for asked, _ in requests.asked] == [
        "http://a.test/Å",
        "http://a.test/\u2028",
    ]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("http://a/\n /path", "2:2", "/path"),
        ("GET http://a/ HTTP/1.1", "1:1", "neither a URL nor"),
        ("ftp://a/", "1:1", "no http:// or https://"),
        ("# nothing\n", "1:1", "no request"),
        ("", "1:1", "no request"),
    ],
)
def test_mistakes_of_a_list(text: str, place: str, message: str):
    (problem,) = read_requests("r.txt", text.encode(), "http://a").problems
    assert problem.location is not None
    assert f"{problem.location.line}:{problem.location.column}" == place
    assert message in problem.message


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (COMMON, Asked("http://www.test:81/a?b=c", client="192.0.2.7")),
        (
            COMBINED,
            Asked(
                "http://www.test:81/a?b=c",
                fields=(("Referer", "http://r/"), ("User-Agent", 'Mozilla "5" \\ \xc3\xa4')),
                client="192.0.2.7",
            ),
        ),
        (f"other.test:82 {COMBINED} 1234", Asked("http://other.test:82/a?b=c")),
        (COMMON.replace("192.0.2.7", "2001:db8::1"), Asked("", client="2001:db8::1")),
        (COMMON.replace("192.0.2.7", "host.test"), Asked("", client="192.0.2.1")),
        (COMMON.replace("- - [", '- "a b" ['), Asked("", client="192.0.2.7")),
        (COMMON.replace("GET /a?b=c", "PUT http://z.test/"), Asked("http://z.test/", "PUT")),
        (COMMON.replace(" HTTP/1.1", ""), Asked("http://www.test:81/a?b=c")),
        (COMMON.replace("2326", "-"), Asked("http://www.test:81/a?b=c")),
    ],
)
def test_a_line_of_a_log(line: str, asked: Asked):
    ((found, count),) = asked_of(line)
    assert count == 1
    assert found.method == asked.method
    if asked.url:
        assert found.url == asked.url
    if asked.fields:
        assert found.fields == asked.fields
    if asked.client != "192.0.2.1" or "host.test" in line:
        assert found.client == asked.client


def test_lines_that_are_no_requests_are_counted():
    broken = COMMON.replace("GET /a?b=c HTTP/1.1", "\\x16\\x03\\x01")
    text = "\n".join(
        [COMMON, broken, COMMON, "nonsense", COMMON.replace("GET /a?b=c", "OPTIONS *")]
    )
    requests = read_requests("access.log", text.encode(), "http://a")
    assert requests.is_log
    assert [count for _, count in requests.asked] == [2]
    assert requests.skipped == (2, 4, 5)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("Listen 80\nServerName www.test", "http://www.test"),
        ("Listen 10.0.0.1:8080\n<VirtualHost *>\nServerName www.test:9\n</VirtualHost>",
         "http://www.test:8080"),
        ("Listen 443", "https://localhost"),
        ("", "http://localhost"),
    ],
)  # fmt: skip
def test_what_a_log_stands_below(text: str, base: str):
    assert base_of(load_text(text).configuration) == base


A = """Listen 80
ServerName www.test
ProxyPass /app/ http://app.internal/
ProxyPass /api/ http://api.internal/
Header set X-Id %t
Header set X-Same yes
"""
B = A.replace("/app/ http://app", "/app/ http://new").replace("X-Same yes", "X-Same no")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, text in (("a.conf", A), ("b.conf", B)):
        (tmp_path / name).write_text(text)
    (tmp_path / "urls.txt").write_text("http://www.test/app/x\nhttp://www.test/api/x\n")
    return str(tmp_path / "a.conf"), str(tmp_path / "b.conf")


def test_the_command(files, tmp_path: Path, capsys):
    a, b = files
    assert main(["diff", a, b, "--requests", str(tmp_path / "urls.txt")]) == 1
    assert capsys.readouterr().out == (
        "main server\n"
        f"  changed  ProxyPass /app/ http://app.internal/  ({a}:3)\n"
        f"       to  ProxyPass /app/ http://new.internal/  ({b}:3)\n"
        f"  changed  Header set X-Same yes  ({a}:6)\n"
        f"       to  Header set X-Same no  ({b}:6)\n"
        "2 of 2 requests are answered differently\n"
        "  GET http://www.test/app/x\n"
        "    upstream: 'GET http://app.internal/x' -> 'GET http://new.internal/x'\n"
        "    upstream header Host: 'app.internal' -> 'new.internal'\n"
        "    header X-Same: 'yes' -> 'no'\n"
        "  GET http://www.test/api/x\n"
        "    header X-Same: 'yes' -> 'no'\n"
    )


def test_what_is_the_same(files, capsys):
    a, _ = files
    assert main(["diff", a, a]) == 0
    assert capsys.readouterr().out == "The configurations say the same.\n"


def test_json_of_a_log(files, tmp_path: Path, capsys):
    log = tmp_path / "access.log"
    log.write_text("\n".join([COMMON.replace("/a?b=c", "/app/y")] * 3 + ["x"]))
    assert main(["diff", *files, "--requests", str(log), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert len(data["differences"]) == 2
    assert data["differences"][0]["before"]["line"] == 3
    assert (data["requests"]["asked"], data["requests"]["times"]) == (1, 3)
    assert data["requests"]["skipped_lines"] == [4]
    assert data["requests"]["different"][0]["url"] == "http://www.test/app/y"


def test_requests_alone_may_decide(files, tmp_path: Path, capsys):
    a, _ = files
    other = tmp_path / "c.conf"
    other.write_text(f"{A}ProxyPass /never http://never.internal/\n")
    urls = str(tmp_path / "urls.txt")
    assert main(["diff", a, str(other)]) == 1
    assert main(["diff", a, str(other), "--requests", urls]) == 1
    capsys.readouterr()
    assert main(["diff", a, str(other), "--requests", urls, "--answers-only"]) == 0
    assert capsys.readouterr().out == "0 of 2 requests are answered differently\n"


def test_the_origin_may_answer_something_else(files, tmp_path: Path, capsys):
    a, _ = files
    other = tmp_path / "c.conf"
    other.write_text(f"{A}ProxyPassReverse /app/ http://app.internal/\n")
    (tmp_path / "answer").write_text("HTTP/1.1 302 Found\nLocation: http://app.internal/y\n\n")
    options = ["--requests", str(tmp_path / "urls.txt"), "--answers-only"]
    assert main(["diff", a, str(other), *options]) == 0
    assert main(["diff", a, str(other), *options, "--response", str(tmp_path / "answer")]) == 1
    assert "-> 'http://www.test/app/y'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--requests", "/nonexistent"], 2, "No such file"),
        (["--requests", "BAD"], 2, "bad.txt:1:1: error: x: not an absolute URL"),
        (["--answers-only"], 3, "needs --requests"),
        (["--base", "www.test"], 3, "--base"),
        (["--format", "yaml"], 3, "invalid choice"),
    ],
)
def test_what_is_wrong(files, tmp_path: Path, capsys, options, status: int, message: str):
    (tmp_path / "bad.txt").write_text("x\n")
    options = [str(tmp_path / "bad.txt") if word == "BAD" else word for word in options]
    assert main(["diff", *files, *options]) == status
    assert message in capsys.readouterr().err


def test_files_that_cannot_be_read(files, tmp_path: Path, capsys):
    a, _ = files
    (tmp_path / "bad.conf").write_text("Nonsense\n")
    assert main(["diff", a, str(tmp_path / "bad.conf")]) == 2
    assert main(["diff", str(tmp_path / "none.conf"), a]) == 2
    assert main(["diff", "-", "-"]) == 3
    assert "standard input can be read once" in capsys.readouterr().err
