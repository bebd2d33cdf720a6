"""Directories as arguments: a server's root file, or every file that no other includes."""

from __future__ import annotations

import json

import pytest

from revproxy.cli import main


@pytest.fixture
def linted(tmp_path, capsys):
    def lint(files, *options):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        status = main(["lint", "--format", "json", *options, str(tmp_path)])
        out = capsys.readouterr().out
        found = json.loads(out)["findings"] if out else []
        return status, [(item["file"].removeprefix(f"{tmp_path}/"), item["line"]) for item in found]

    return lint


def test_a_server_is_its_root_file(linted):
    files = {"httpd.conf": "Include sites/*.conf\n", "sites/a.conf": "Foo\n", "old.conf": "Bar\n"}
    assert linted(files) == (1, [("sites/a.conf", 1)])


def test_a_server_below_conf(linted):
    assert linted({"conf/httpd.conf": "\nInclude conf/x\n", "conf/x": "Foo\n"}) == (
        1,
        [("conf/x", 1)],
    )


def test_of_others_each_file_is_a_root_but_what_one_includes(linted):
    files = {
        "a.conf": "Define WORD x\nInclude parts/p.conf\n",
        "b/c.conf": "\n\nBar\n",
        "parts/p.conf": "ServerName ${WORD}\nFoo\n",
        ".git/d.conf": "Foo\n",
        "readme.txt": "Foo\n",
    }
    # ${WORD} is known: the part is read where it is included, and there alone.
    assert linted(files) == (1, [("parts/p.conf", 2), ("b/c.conf", 3)])


def test_what_two_include_is_told_once_for_each_place_of_include(linted):
    files = {"a.conf": "Include p.inc\n", "b.conf": "Include p.inc\n", "p.inc": "Foo\n"}
    assert linted(files) == (1, [("p.inc", 1), ("p.inc", 1)])


def test_templates_are_files_with_template(linted):
    files = {"a.conf.j2": "Foo {{ x }}\n", "b.conf.erb": "Foo <%= x %>\n"}
    assert linted(files) == (3, [])
    assert linted(files, "--template") == (1, [("a.conf.j2", 1), ("b.conf.erb", 1)])


def test_what_debian_exports_is_known(linted):
    files = {
        "apache2.conf": "User ${RUN_USER}\nErrorLog ${LOG_DIR}/x\nServerName ${NO}.test\n",
        "envvars": "SUFFIX=-a\nexport RUN_USER='www'\nexport LOG_DIR=/var/log$SUFFIX\n",
    }
    assert linted(files) == (1, [("apache2.conf", 3)])
