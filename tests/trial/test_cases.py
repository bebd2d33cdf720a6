"""Files of cases: what they say, and what is said of their mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from revproxy.explain.ask import PLAYED
from revproxy.trial.cases import CaseFile, read_cases
from revproxy.trial.matchers import Matcher, make_matcher


def read(tmp_path: Path, text: str | bytes) -> CaseFile:
    path = tmp_path / "a.revproxy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cases(str(path))


def test_all_a_case_may_say(tmp_path: Path):
    (tmp_path / "answer.http").write_text("HTTP/1.1 404 No\nX: y\n\nbody")
    file = read(
        tmp_path,
        """
config = "../httpd.conf"
define = ["SSL", "V=1"]
[defaults]
headers = { Accept = "*/*", Cookie = "a=b" }
client = "198.51.100.1"
response = "down"

[[case]]
request = "post https://a.test/x"
expect.status = 503

[[case]]
name = "schön"
follow = true
response = [{ status = 301, reason = "Moved", headers.Location = "/y" }, { file = "answer.http" }]
[case.request]
url = "http://a.test/ü"
method = "put"
tls = true
body = "ä"
headers.cookie = ["1", "2"]
[case.expect]
upstream = false
header.X = ["a", "b"]
header.Y = { matches = "^a", not_contains = ["b", "c"] }
lines = [3, "ProxyPass /", "b.conf:7"]
chain = "https://a.test/y"
""",
    )
    assert file.problems == ()
    assert (file.config, file.defines) == ("../httpd.conf", ("SSL", "V=1"))
    first, second = file.cases
    assert first.name == "POST https://a.test/x"
    assert first.asked.fields == (("Accept", "*/*"), ("Cookie", "a=b"))
    assert first.asked.client == "198.51.100.1"
    assert first.responses == (None,)
    assert first.location.line == 9
    assert second.name.encode("latin-1").decode() == "schön"
    assert second.asked.method == "PUT"
    assert second.asked.url == "https://a.test/\xc3\xbc"
    assert second.asked.body == "ä".encode()
    assert second.asked.fields == (("Accept", "*/*"), ("cookie", "1"), ("cookie", "2"))
    assert second.responses == (
        b"HTTP/1.1 301 Moved\r\nContent-Type: text/html\r\nLocation: /y\r\n"
        b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 No\r\nX: y\r\nContent-Length: 4\r\n\r\nbody",
    )
    wanted = {item.key: item.wanted for item in second.expectations}
    assert wanted["upstream"] == Matcher(is_absent=True)
    assert wanted["header.X"] == Matcher(("a", "b"))
    assert [test[:2] for test in wanted["header.Y"].tests] == [
        ("matches", "^a"),
        ("not_contains", "b"),
        ("not_contains", "c"),
    ]
    assert wanted["lines"] == ("3", "ProxyPass /", "b.conf:7")
    assert wanted["chain"] == ("https://a.test/y",)


def test_what_is_not_said_has_a_default(tmp_path: Path):
    (case,) = read(tmp_path, '[[case]]\nrequest = "http://a.test/"\nexpect.status = 200\n').cases
    assert case.asked.method == "GET"
    assert case.asked.client == "192.0.2.1"
    assert case.responses == (PLAYED,)


GOOD = '[[case]]\nrequest = "http://a.test/"\n'


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("[[case]]\nrequest = 'x'\nrequest = 'y'", "3:", "no TOML", ""),
        ("a = ", "1:", "no TOML", ""),
        (b"# \xff", "1:3", "no UTF-8", ""),
        ("", "1:1", "no case in this file", "[[case]]"),
        ("cases = 1", "1:1", "unknown key 'cases'", "did you mean 'case'?"),
        ("case = 1", "1:8", "an array of tables", ""),
        ("define = 3", "1:10", "a text or a list of texts", ""),
        ("[defaults]\nheder = {}", "2:1", "unknown key 'heder'", "did you mean 'headers'?"),
        ("[[case]]\nexpect.status = 200", "1:1", "asks for nothing", "request ="),
        (GOOD, "1:1", "expects nothing", "expect.status"),
        (f"{GOOD}expect.stauts = 200", "3:8", "unknown key 'stauts'", "did you mean 'status'?"),
        (f"{GOOD}expect.zzz = 200", "3:8", "unknown key 'zzz'", "known are status, header"),
        (f"{GOOD}expect.status = '200'", "3:17", "a number from 100 to 999", ""),
        (f"{GOOD}expect.status = true", "3:17", "a number from 100 to 999", ""),
        (f"{GOOD}expect.header = 1", "3:17", "'header' takes a table", ""),
        (f"{GOOD}expect.vhost = 1", "3:16", "takes a text, true, false or {", ""),
        (f"{GOOD}expect.vhost.like = 'x'", "3:14", "unknown key 'like'", "known are is, contains"),
        (f"{GOOD}expect.body.matches = '('", "3:23", "", ""),
        (f"{GOOD}expect.lines = true", "3:16", "line numbers", ""),
        (f"{GOOD}follow = 1\nexpect.status = 200", "3:10", "true or false", ""),
        (f"{GOOD}expect.status = 200\nname = ['x']", "4:8", "takes a text", ""),
        ("[[case]]\nrequest = 'ftp://a/'\nexpect.status = 1", "2:11", "no http:// or https://", ""),
        ("[[case]]\nrequest = 'GET /x'\nexpect.status = 200", "2:11", "", "write it whole"),
        ("[[case]]\nrequest = 'a b c'\nexpect.status = 200", "2:11", "GET http://host/path", ""),
        ("[[case]]\nrequest = {}\nexpect.status = 200", "2:1", "no url", ""),
        ("[[case]]\nrequest.metod = 'x'\nexpect.status = 200", "2:9", "", "did you mean 'method'?"),
        (f"{GOOD}expect.status = 200\nresponse = 'up'", "4:12", "status line", '"down"'),
        (f"{GOOD}expect.status = 200\nresponse = 3", "4:12", "takes a table", ""),
        (f"{GOOD}expect.status = 200\nresponse = []", "4:12", "no response", ""),
        (f"{GOOD}expect.status = 200\nresponse = [3]", "4:13", "takes a table", ""),
        (f"{GOOD}expect.status = 200\nresponse.file = 'none'", "4:17", "cannot be read", ""),
        (f"{GOOD}expect.status = 200\nresponse.status = 0", "4:19", "a number from", ""),
        (f"{GOOD}expect.status = 200\nresponse.headers.'a b' = 'x'", "4:26", "no header field", ""),
        (f'{GOOD}expect.status = 200\nresponse.headers.A = "x\\ny"', "4:22", "no header", ""),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, text, place: str, message: str, hint: str):
    problem = read(tmp_path, text).problems[0]
    assert problem.location is not None
    assert f"{problem.location.line}:{problem.location.column}".startswith(place)
    assert message in problem.message
    assert hint in problem.hint


def test_lines_are_counted_as_editors_do(tmp_path: Path):
    text = f'# Å \u2028 \x0c\r\n{GOOD}name = "Å"\r\nexpect.stauts = 1\n'
    (problem, *_) = read(tmp_path, text.replace("\x0c", "")).problems
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (5, 8)
    assert problem.location.source == "expect.stauts = 1"


def test_a_request_may_end_in_any_character(tmp_path: Path):
    (case,) = read(tmp_path, '[[case]]\nrequest = "http://a/Å"\nexpect.status = 200\n').cases
    assert case.asked.url.encode("latin-1").decode() == "http://a/Å"


def test_all_mistakes_are_told(tmp_path: Path):
    text = f"{GOOD}expect.a = 1\nexpect.b = 2\n{GOOD}expect.status = 1"
    assert len(read(tmp_path, text).problems) == 3


@pytest.mark.parametrize(
    ("pairs", "values", "fits"),
    [
        ([("is", "a")], ["a"], True),
        ([("is", "a")], ["a", "a"], False),
        ([("is", "a")], [], False),
        ([("contains", "b")], ["abc", "x"], True),
        ([("contains", "b"), ("contains", "x")], ["abc", "x"], True),
        ([("contains", "b"), ("starts_with", "b")], ["abc"], False),
        ([("ends_with", "c")], ["abc"], True),
        ([("matches", "^a.c$")], ["abc"], True),
        ([("matches", "z")], [], False),
        ([("not", "a")], ["b"], True),
        ([("not", "a")], ["b", "a"], False),
        ([("not", "a")], [], True),
        ([("not_matches", "^b")], ["ab"], True),
        ([("not_contains", "b")], ["ab"], False),
        ([("not_contains", "b"), ("contains", "a")], [], False),
    ],
)
def test_matchers(pairs, values: list[str], fits: bool):
    assert make_matcher(pairs).fits(values) is fits


def test_what_is_there_and_what_is_not():
    assert Matcher().fits(["x"])
    assert not Matcher().fits([])
    assert Matcher(is_absent=True).fits([])
    assert not Matcher(is_absent=True).fits(["x"])
    assert str(Matcher(("a", "b"))) == "'a', 'b'"
    assert str(make_matcher([("is", "a"), ("starts_with", "b")])) == "'a' and starts with 'b'"
