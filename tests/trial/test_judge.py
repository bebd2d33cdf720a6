"""Stories held against cases: what fails, by which line, and how it is told."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from revproxy.cli import main
from revproxy.explain.ask import Explainer
from revproxy.plan.load import load_text
from revproxy.trial.cases import read_cases
from revproxy.trial.judge import is_meant, values_of
from revproxy.trial.run import Result, run_cases

CONFIG = """Listen 80
<VirtualHost *:80>
    ServerName www.test
    RewriteEngine On
    RewriteCond %{QUERY_STRING} ^secret
    RewriteRule ^/hidden - [F]
    Redirect /old http://www.test/app
    ProxyPass /app/ http://app.internal/base/
    ProxyPassReverse /app/ http://app.internal/base/
    RequestHeader set X-From front
    Header set X-Frame-Options DENY
    <Location /app/inner>
        Require ip 198.51.100.0/24
    </Location>
    <Location /list>
        Order Deny,Allow
        Deny from 192.0.2.1
    </Location>
    ErrorDocument 503 "Later, please"
</VirtualHost>
<VirtualHost *:80>
    ServerName other.test
    ProxyPass / http://other.internal/
</VirtualHost>
"""


def result_of(tmp_path: Path, text: str) -> Result:
    path = tmp_path / "a.revproxy.toml"
    path.write_text(f"[[case]]\n{text}")
    file = read_cases(str(path))
    assert file.problems == ()
    (result,) = run_cases(Explainer(load_text(CONFIG, "httpd.conf")), file.cases)
    return result


@pytest.mark.parametrize(
    "text",
    [
        "expect.status = 200",
        'expect.upstream = "http://app.internal/base/x?q=1"',
        'expect.upstream_method = "POST"',
        'expect.upstream_header = { X-From = "front", Host = "app.internal", X-No = false }',
        'expect.upstream_body = "hello"',
        'expect.header.X-Frame-Options = "DENY"',
        "expect.header.X-Frame-Options = true",
        'expect.vhost = "www.test"',
        "expect.location = false",
        "expect.file = false",
        'expect.body = { contains = "origin", not_contains = "error" }',
        "expect.lines = [2, 8, 'httpd.conf:11', 'proxypass /app/']",
        "expect.not_lines = [7, 'RewriteRule', 'other.conf:8', 21]",
    ],
)
def test_what_holds_passes(tmp_path: Path, text: str):
    request = 'request = { url = "http://www.test/app/x?q=1", method = "POST", body = "hello" }\n'
    result = result_of(tmp_path, f'{request}response.body = "from the origin"\n{text}\n')
    assert result.failures == ()


@pytest.mark.parametrize(
    ("url", "text", "expected", "actual", "line"),
    [
        ("www.test/app/x", "status = 404", "404", "200", 8),
        ("www.test/app/inner", "status = 200", "200", "403", 13),
        ("www.test/hidden?secret", "status = 200", "200", "403", 6),
        ("www.test/old/x", "status = 200", "200", "302", 7),
        ("www.test/app/x", "upstream = 'http://b/'", "'http://b/'", "'http://app.internal/", 8),
        ("www.test/app/x", "upstream = false", "nothing", "'http://app.internal/base/x'", 8),
        ("www.test/app/x", "header.x-frame-options = 'A'", "'A'", "'DENY'", 11),
        ("www.test/app/x", "header.X-No = 'A'", "'A'", "nothing", None),
        ("www.test/app/x", "upstream_header.X-From.contains = 'b'", "contains 'b'", "'front'", 10),
        ("www.test/app/x", "upstream_header.Host = 'b'", "'b'", "'app.internal'", 8),
        ("www.test/app/x", "vhost = 'other.test'", "'other.test'", "'www.test'", 2),
        ("www.test/old/x", "location = '/y'", "'/y'", "'http://www.test/app/x'", 7),
        ("www.test/app/x", "lines = 7", "7 to do something", "it did not", None),
        ("www.test/hidden", "lines = 6", "6 to do something", "it did not", 6),
        ("www.test/app/x", "not_lines = 8", "8 to do nothing", "it did", 8),
        ("www.test/app/x", "denied_by = 13", "13", "200, not denied", 8),
        (
            "www.test/app/inner",
            "denied_by = 6",
            "6",
            "403 by Require ip 198.51.100.0/24: denied",
            13,
        ),
        ("www.test/app/x", "chain = 'http://www.test/'", "'http://www.test/'", "nothing", 8),
        ("www.test/x", "body = 'x'", "'x'", "<!DOCTYPE", None),
    ],
)
def test_what_does_not_hold_fails_by_its_line(
    tmp_path: Path, url: str, text: str, expected: str, actual: str, line: int | None
):
    result = result_of(tmp_path, f'request = "http://{url}"\nexpect.{text}\n')
    (failure,) = result.failures
    assert failure.expected == expected
    assert actual in failure.actual
    assert failure.location.line == 3
    place = failure.cause.place if failure.cause is not None else None
    assert (place.line if place is not None else None) == line


@pytest.mark.parametrize(
    ("url", "line"),
    [("www.test/app/inner", 13), ("www.test/list", 17), ("www.test/hidden?secret", 6)],
)
def test_who_is_denied_by_what(tmp_path: Path, url: str, line: int):
    text = f'request = "http://{url}"\nexpect.denied_by = {line}\nexpect.status = 403\n'
    assert result_of(tmp_path, text).failures == ()


def test_a_chain_is_followed_to_its_end(tmp_path: Path):
    text = """request = "http://www.test/old/x"
follow = true
response = [
    { status = 200 },
    { status = 307, headers.Location = "http://app.internal/base/z" },
    { status = 302, headers.Location = "mailto:a@b.test" },
]
expect.status = 302
expect.chain = ["http://www.test/app/x", "http://www.test/app/z", "mailto:a@b.test"]
expect.upstream = "http://app.internal/base/z"
"""
    result = result_of(tmp_path, text)
    assert result.failures == ()
    assert len(result.stories) == 3


def test_an_origin_that_answers_nothing(tmp_path: Path):
    text = """request = "http://www.test/app/x"
response = "broken"
expect = { status = 502, upstream = "http://app.internal/base/x" }
"""
    assert result_of(tmp_path, text).failures == ()


def test_an_origin_out_of_reach(tmp_path: Path):
    text = """request = "http://www.test/app/x"
response = "down"
expect = { status = 503, body = "Later, please", lines = "ErrorDocument 503" }
"""
    result = result_of(tmp_path, text)
    assert result.failures == ()
    assert values_of(result.stories[0], "upstream") == []


@pytest.mark.parametrize(
    ("word", "fits"),
    [
        ("8", True),
        ("9", False),
        ("httpd.conf:8", True),
        ("pd.conf:8", False),
        ("ProxyPass", True),
        ("proxypass   /app/ HTTP", True),
        ("Proxy:8", False),
    ],
)
def test_how_lines_are_meant(word: str, fits: bool):
    (place,) = {
        item.location
        for item in load_text(CONFIG, "/etc/httpd.conf").configuration.walk()
        if item.location.line == 8
    }
    assert is_meant(word, place) is fits


# The command.


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    config, cases = tmp_path / "httpd.conf", tmp_path / "a.revproxy.toml"
    config.write_text(CONFIG)
    cases.write_text(
        """[[case]]
name = "good"
request = "http://other.test/"
expect.status = 200
[[case]]
name = "bad <&\\u0001>"
request = { url = "http://www.test/app/x", headers.A = "it's", method = "PUT", body = "b" }
expect.header.X-Frame-Options = "SAMEORIGIN"
"""
    )
    return str(config), str(cases)


def test_failures_are_told_with_the_line_that_decided(files, capsys):
    config, cases = files
    assert main(["test", *files]) == 1
    assert capsys.readouterr().out == (
        f"FAIL  bad <&\\x01>  ({cases}:5)\n"
        f"  {cases}:8: header.X-Frame-Options\n"
        "    expected  'SAMEORIGIN'\n"
        "    actual    'DENY'\n"
        "    decided   mod_headers: Header set X-Frame-Options DENY: done\n"
        f"              {config}:11: Header set X-Frame-Options DENY\n"
        f"  see  revproxy explain {config} http://www.test/app/x -X PUT -H "
        "'A: it'\"'\"'s' --data b\n"
        "\n"
        "1 passed, 1 failed\n"
    )


def test_cases_are_chosen_by_name(files, capsys):
    assert main(["test", *files, "-k", "GOOD", "-v"]) == 0
    assert capsys.readouterr().out == "ok    good\n1 passed\n"
    assert main(["test", *files, "-k", "none"]) == 3
    assert "no case has 'none'" in capsys.readouterr().err


def test_json(files, capsys):
    assert main(["test", *files, "--format", "json", "--coverage"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["passed"], data["failed"]) == (1, 1)
    good, bad = data["files"][0]["cases"]
    assert good["stories"] == []
    assert bad["failures"][0]["place"]["line"] == 11
    assert bad["stories"][0]["origin"]["url"] == "http://app.internal/base/x"
    assert 0 < data["coverage"]["share"] < 1


def test_junit(files, tmp_path: Path, capsys):
    target = tmp_path / "junit.xml"
    assert main(["test", *files, "--junit", str(target)]) == 1
    (suite,) = ET.parse(target).getroot()
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    good, bad = suite
    assert good.find("failure") is None
    assert bad.attrib["name"] == "bad <&\\x01>"
    assert "expected  'SAMEORIGIN'" in (bad.findtext("failure") or "")
    assert main(["test", *files, "--junit", str(tmp_path / "no" / "x")]) == 2


def test_what_cannot_be_read(files, tmp_path: Path, capsys):
    config, cases = files
    assert main(["test", config, str(tmp_path / "none.toml")]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_text("[[case]]\nnam = 1\n")
    assert main(["test", config, cases, str(tmp_path / "bad.toml")]) == 2
    err = capsys.readouterr().err
    assert "bad.toml:2:1: error: unknown key 'nam' [case-file]" in err
    assert "did you mean 'name'?" in err
    (tmp_path / "bad.conf").write_text("Nonsense\n")
    assert main(["test", str(tmp_path / "bad.conf"), cases]) == 2
    assert "Nonsense" in capsys.readouterr().err
    assert main(["test", str(tmp_path / "none.conf"), cases]) == 2
    assert main(["test", config]) == 3
    assert main(["test", *files, "--fail-under", "101"]) == 3


def test_the_coverage_may_be_asked_for(files, capsys):
    assert main(["test", *files, "-k", "good", "--fail-under", "10"]) == 0
    assert main(["test", *files, "-k", "good", "--fail-under", "90"]) == 1
    assert "Coverage: " in capsys.readouterr().out


def test_a_file_of_cases_may_define(tmp_path: Path, capsys, monkeypatch):
    config = tmp_path / "httpd.conf"
    config.write_text("Listen 80\n<IfDefine B>\nRedirect / http://b.test/\n</IfDefine>\n")
    case = '[[case]]\nrequest = "http://a.test/x"\nexpect.status = '
    (tmp_path / "a.toml").write_text(f"{case}404\n")
    (tmp_path / "b.toml").write_text(f'define = "B"\n{case}302\n')
    cases = [str(tmp_path / "a.toml"), str(tmp_path / "b.toml")]
    assert main(["test", str(config), *cases, "--coverage"]) == 0
    assert "Coverage: 1 of 1 lines (100%)" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(config.read_bytes())))
    assert main(["test", "-", *cases]) == 0


def test_what_a_terminal_cannot_show_is_escaped(tmp_path: Path):
    (tmp_path / "a.conf").write_text(CONFIG)
    (tmp_path / "a.toml").write_text(
        '[[case]]\nname = "schön"\nrequest = "http://www.test/"\nexpect.status = 404\n'
    )
    command = [sys.executable, "-m", "revproxy.cli", "test", "a.conf", "a.toml", "-v"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"ok    sch\\xf6n\n1 passed\n"
