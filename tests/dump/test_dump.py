"""`lint --dump`: the configuration in force, and the shape of what programs read."""

from __future__ import annotations

import json

import pytest

from revproxy.cli import main
from revproxy.plan.load import load_text

CONFIG = """ServerName main.test
Timeout 30
Timeout 40
KeepAlive On
ErrorDocument 404 /gone
ErrorDocument 403 "no"
RewriteRule ^/main /x
<VirtualHost *:80>
    ServerName www.test
    Timeout 50
    RewriteEngine On
    RewriteCond %{HTTP_HOST} www
    RewriteRule ^/old /b
    RewriteRule ^/c /d
    ProxyPass /app/ http://app.test/
    ErrorDocument 404 /lost
    RequestHeader set X-A one
    <Location /app>
        Require ip 192.0.2.0/24
        <Limit POST>
            Require all denied
        </Limit>
        RequestHeader set X-B two
    </Location>
    <Location /app/in>
        Require all granted
    </Location>
    <Location /other>
        Require all denied
    </Location>
</VirtualHost>
"""


@pytest.fixture
def dumped(tmp_path, capsys):
    def dump(text, *options):
        path = tmp_path / "t.conf"
        path.write_text(text)
        status = main(["lint", *options, str(path)])
        return status, capsys.readouterr().out.replace(f"{path}:", "")

    return dump


def in_force(data):
    return {
        (line["name"], line["arguments"])
        for level in data["levels"]
        for line in level["lines"]
        if line["overruled_by"] is None
    }


def overruled(data):
    return {
        line["line"]: line["overruled_by"]["line"]
        for level in data["levels"]
        for line in level["lines"]
        if line["overruled_by"] is not None
    }


def test_what_is_in_force_for_a_url(dumped):
    status, out = dumped(
        CONFIG, "--dump", "config", "--format", "json", "--url", "http://www.test/app/in/x"
    )
    assert status == 0
    data = json.loads(out)
    assert [level["section"] for level in data["levels"]] == [
        "main server",
        "<VirtualHost *:80>",
        "<Location /app>",
        "<Location /app/in>",
    ]
    # Each line that has no say, and the line that takes it from it.
    assert overruled(data) == {1: 9, 2: 3, 3: 10, 5: 16, 7: 14, 19: 26, 21: 26}
    assert {("Timeout", "50"), ("KeepAlive", "On"), ("ErrorDocument", '403 "no"')} <= in_force(data)
    assert {("RequestHeader", "set X-A one"), ("RequestHeader", "set X-B two")} <= in_force(data)
    assert {("RewriteRule", "^/old /b"), ("RewriteRule", "^/c /d")} <= in_force(data)


def test_another_url_has_other_sections(dumped):
    _, out = dumped(CONFIG, "--dump", "config", "--url", "http://www.test/other")
    assert "29:   Require all denied" in out
    assert "RequestHeader set X-B" not in out
    assert "# 2:   Timeout 30  (overruled by 3)" in out
    _, out = dumped(CONFIG, "--dump", "config", "--url", "http://main.test:81/")
    assert "no virtual host has this address" in out
    assert "VirtualHost" not in out


def test_access_files_are_levels(dumped, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / ".htaccess").write_text("ErrorDocument 404 /here\n")
    (tmp_path / "docs" / "x.txt").write_text("x")
    config = f"""DocumentRoot {tmp_path}/docs
<Directory {tmp_path}/docs>
Require all granted
AllowOverride All
ErrorDocument 404 /there
</Directory>
"""
    _, out = dumped(config, "--dump", "config", "--format", "json", "--url", "http://a/x.txt")
    data = json.loads(out)
    assert data["levels"][-1]["file"] == f"{tmp_path}/docs/.htaccess"
    assert overruled(data) == {5: 1}


def test_all_lines_with_their_places(dumped, tmp_path):
    (tmp_path / "in.conf").write_text("Use M one\n")
    config = f"""<Macro M $x>
Define WORD $x
ServerName ${{WORD}}.test
</Macro>
<IfModule headers_module>
<Location />
Header set X y
</Location>
</IfModule>
Include {tmp_path}/in.conf
"""
    status, out = dumped(config, "--dump", "config")
    assert status == 0
    assert out.splitlines() == [
        "6: <Location />",
        "7:   Header set X y",
        "6: </Location>",
        "2: Define WORD one",
        "3: ServerName one.test",
    ]


def test_hosts_and_modules_for_programs(dumped):
    _, out = dumped(CONFIG, "--dump", "vhosts", "--format", "json")
    data = json.loads(out)
    assert data["addresses"][0]["address"] == "*:80"
    assert data["addresses"][0]["default"]["line"] == 8
    _, out = dumped("LoadModule proxy_module x\nListen 80\n", "--dump", "modules", "--format=json")
    (shared,) = [row for row in json.loads(out)["modules"] if not row["static"]]
    assert (shared["name"], shared["line"]) == ("mod_proxy", 1)
    assert 0 < shared["served"] <= shared["directives"]


def test_errors_are_told_and_are_the_status(dumped):
    status, out = dumped("Foo\nServerName a.test\n", "--dump", "config")
    assert status == 1
    assert "2: ServerName a.test" in out
    assert dumped(CONFIG, "--dump", "vhosts", "--format", "sarif")[0] == 3
    assert dumped(CONFIG, "--dump", "vhosts", "--url", "http://a/")[0] == 3
    assert dumped(CONFIG, "--dump", "config", "--url", "nothing")[0] == 3


def test_a_whole_servers_file_listens():
    loaded = load_text("LoadModule mpm_event_module x\nListen 127.0.0.1:8080\n")
    (listener,) = loaded.plan().listeners
    assert (listener.host, listener.port) == ("127.0.0.1", 8080)


def test_the_sections_are_those_of_the_request_not_of_its_error_page(dumped):
    config = "ErrorDocument 403 /no\n<Location /x>\nRequire all denied\n</Location>\n"
    _, out = dumped(config, "--dump", "config", "--url", "http://a/x")
    assert "# <Location /x>" in out
