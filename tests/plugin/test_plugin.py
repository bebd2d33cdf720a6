"""pytest with the plugin: files of cases are tests, and tests in Python can ask a configuration."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from revproxy.explain.ask import BadRequestError
from revproxy.trial.site import Site, open_site

pytest_plugins = ["pytester"]

CONFIG = """Listen 80
ServerName www.test
ProxyPass /app/ http://app.internal/base/
ProxyPassReverse /app/ http://app.internal/base/
RequestHeader set X-From front
<IfDefine EXTRA>
    Header set X-Extra "schön"
</IfDefine>
<Location /shut>
    Require all denied
</Location>
Redirect /old http://www.test/app/
"""

CASES = """[[case]]
name = "good"
request = "http://www.test/app/x"
expect.upstream = "http://app.internal/base/x"
[[case]]
name = "bad"
request = "http://www.test/shut"
expect.status = 200
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makefile(".conf", httpd=CONFIG)
    return pytester


def test_pytest_knows_of_it():
    points = importlib.metadata.entry_points(group="pytest11")
    assert points["revproxy"].value == "revproxy.pytest_plugin"


def test_files_of_cases_are_tests(folder: pytest.Pytester):
    path = folder.path / "httpd.revproxy.toml"
    path.write_text(CASES)
    result = folder.runpytest("--revproxy-coverage")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*httpd.revproxy.toml*",
            "*httpd.revproxy.toml:8: status",
            "    expected  200",
            "    actual    403*",
            "    decided   mod_authz_core: Require all denied: denied",
            "*httpd.conf:10: Require all denied",
            "*revproxy explain *httpd.conf http://www.test/shut",
            "*revproxy coverage*",
            "*Coverage: 5 of 7 lines (71%): 4 acted, 1 in force",
        ]
    )
    folder.runpytest("-k", "good").assert_outcomes(passed=1, deselected=1)


def test_a_file_of_cases_may_name_its_configuration(folder: pytest.Pytester):
    text = f'config = "../httpd.conf"\ndefine = "EXTRA"\n{CASES}expect.header.X-Extra = "schön"\n'
    folder.mkdir("cases").joinpath("a.revproxy.toml").write_text(text)
    folder.runpytest().assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[case]]\nrequst = 1\n", "*did you mean 'request'?"),
        (CASES, "*there is no configuration *other.conf: name another with config = *"),
        (f'config = "none.conf"\n{CASES}', "*there is no configuration *none.conf"),
        (f'config = "bad.conf"\n{CASES}', "*bad.conf:1:1: error: *Nonsense*"),
    ],
)
def test_what_cannot_be_collected_is_told(folder: pytest.Pytester, text: str, line: str):
    folder.makefile(".conf", bad="Nonsense\n")
    (folder.path / "other.revproxy.toml").write_text(text)
    result = folder.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([line])


def test_the_fixture(folder: pytest.Pytester):
    folder.makepyfile(
        test_site="""
        def test_good(revproxy):
            site = revproxy("httpd.conf", define="EXTRA", base="http://www.test")
            answer = site.get("/app/x", headers={"A": ["1", "2"]}, client="198.51.100.1")
            assert answer.status == 200
            assert answer.upstream == "http://app.internal/base/x"
            assert answer.upstream_headers["x-from"] == "front"
            assert answer.upstream_headers.get_all("A") == ["1, 2"]
            assert answer.upstream_headers["X-Forwarded-For"] == "198.51.100.1"
            assert answer.headers["X-Extra"] == "schön"
            assert "X-None" not in answer.headers

        def test_text(revproxy):
            assert revproxy("Listen 80\\nRedirect gone /\\n").get("http://a/").status == 410

        def test_bad(revproxy):
            assert revproxy("httpd.conf").get("http://www.test/shut").status == 200
        """
    )
    result = folder.runpytest()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*<403 for GET /shut HTTP/1.1 by *httpd.conf:10: Require all*"])


def test_pytest_is_not_needed_to_run():
    code = "import sys, revproxy.cli, revproxy.trial.site; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture(scope="module")
def site() -> Site:
    return open_site(CONFIG, base="http://www.test/app/")


def test_what_a_site_answers(site: Site):
    answer = site.post(
        "x?q",
        body="ä",
        response={
            "status": 201,
            "headers": {"Location": "http://app.internal/base/y"},
            "body": "ö",
        },
    )
    assert answer.status == 201
    assert answer.location == "http://www.test/app/y"
    assert answer.text == "ö"
    assert answer.upstream == "http://app.internal/base/x?q"
    assert answer.upstream_body == "ä".encode()
    assert answer.vhost == "www.test"
    assert answer.file is None
    assert answer.lines == ["(text):5", "(text):3", "(text):4"] or set(answer.lines) == {
        "(text):3",
        "(text):4",
        "(text):5",
    }
    assert "ProxyPass /app/ takes /app/x" in answer.explain()
    assert dict(answer.headers)["Content-Type"] == "text/html"
    assert "Content-Type" in repr(answer.headers)


def test_an_origin_that_is_down(site: Site):
    answer = site.get("x", response="down")
    assert answer.status == 503
    assert answer.upstream is None
    assert len(answer.upstream_headers) == 0
    assert answer.upstream_body == b""


def test_redirects_are_followed(site: Site):
    answer = site.head("/old/x", follow=True)
    assert answer.chain == ["http://www.test/app//x"]
    assert answer.status == 200
    assert repr(answer).startswith("<200 for HEAD /app//x HTTP/1.1 by (text):3: ProxyPass /app/")


def test_an_answer_as_it_is_written(site: Site):
    assert site.put("x", response="HTTP/1.1 404 No\n\n").status == 404
    assert (
        site.delete("x", response=b"HTTP/1.1 405 No\r\nAllow: GET\r\n\r\n").headers["allow"]
        == "GET"
    )


def test_what_cannot_be_asked(site: Site):
    with pytest.raises(BadRequestError):
        site.below("").get("/x")


def test_what_was_touched(site: Site):
    fresh = open_site(CONFIG)
    fresh.get("http://www.test/shut")
    states = {line.place.line: line.state for line in fresh.coverage.lines()}
    assert states[10] == "acted"
    assert states[3] == "untouched"
