"""Findings for other programs, and what chooses among them."""

from __future__ import annotations

import io
import json
import sys
import xml.etree.ElementTree as ET

import pytest

from revproxy.cli import main

TEXT = """# an \xfcmlaut
RemoteIPHeader X-F
ProxyPass /a http://b.test/
# revproxy: ignore RP204 (measured)

ProxyPass /b http://b.test/
# revproxy: ignore RP201
ProxyPass /c http://b.test
Header set X "a, b: 100%" \xfc
ProxyPreserveHost On
ProxyTimeout 5
"""


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, str]:
    stdin = io.TextIOWrapper(io.BytesIO(TEXT.encode("utf-8")))
    monkeypatch.setattr(sys, "stdin", stdin)
    return main(["lint", *options, "-"]), capsys.readouterr().out


def test_json_tells_everything(monkeypatch, capsys):
    status, out = run(monkeypatch, capsys, "--format", "json")
    assert status == 1
    findings = json.loads(out)["findings"]
    assert [(item["line"], item["code"]) for item in findings] == [
        (2, "RP107"),
        (3, "RP204"),
        (7, "RP534"),
        (9, "RP516"),
    ]
    assert findings[1]["column"] == 14
    assert findings[1]["end_column"] == 28
    assert findings[3]["name"] == "bad-value"


def test_sarif_has_a_place_for_each_result(monkeypatch, capsys):
    _, out = run(monkeypatch, capsys, "--format", "sarif")
    (run_,) = json.loads(out)["runs"]
    rules = run_["tool"]["driver"]["rules"]
    for result in run_["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["text"].startswith(f"# {rule['id']} {rule['name']}\n")
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["endColumn"] > region["startColumn"] >= 1


def test_sarif_names_files_by_reference(tmp_path, capsys):
    path = tmp_path / "a b%.conf"
    path.write_text("Nonsense\n")
    main(["lint", "--format", "sarif", str(path)])
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == f"{tmp_path}/a%20b%25.conf"


def test_checkstyle_is_xml(monkeypatch, capsys):
    _, out = run(monkeypatch, capsys, "--format", "checkstyle")
    (file,) = ET.fromstring(out)
    assert file.get("name") == "-"
    assert [error.get("line") for error in file] == ["2", "3", "7", "9"]


def test_github_commands_are_escaped(monkeypatch, capsys):
    _, out = run(monkeypatch, capsys, "--format", "github")
    lines = out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error file=-,line=2,col=1,title=RP107 remoteip-trusts-everyone::")
    assert "\n" not in lines[-1]


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (["--select", "RP204"], ["RP204", "RP516"]),
        (["--select", "RP1,RP2"], ["RP107", "RP204", "RP516"]),
        (["--ignore", "RP1", "--ignore", "rp534"], ["RP204", "RP516"]),
        (["--ignore", "RP"], ["RP516"]),
    ],
)
def test_findings_are_chosen_by_id(options, codes, monkeypatch, capsys):
    _, out = run(monkeypatch, capsys, "--format", "json", *options)
    assert [item["code"] for item in json.loads(out)["findings"]] == codes


@pytest.mark.parametrize(
    ("text", "limit", "status"),
    [
        ("ProxyPass /a http://b.test/\n", "error", 0),
        ("ProxyPass /a http://b.test/\n", "warning", 1),
        ("# revproxy: ignore RP101\n", "warning", 0),
        ("# revproxy: ignore RP101\n", "info", 1),
        ("Nonsense\n", "error", 1),
    ],
)
def test_the_exit_status_says_whether_something_is_bad_enough(
    text, limit, status, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["lint", "--select", "RP204,RP534", "--fail-on", limit, "-"]) == status
    capsys.readouterr()


def test_a_file_that_is_not_there_is_2(capsys):
    assert main(["lint", "/nonexistent/httpd.conf"]) == 2
    capsys.readouterr()


def test_what_a_rule_says_better_is_said_once(monkeypatch, capsys):
    text = "ProxyRequests On\nProxyPass /a b.test\nMCacheSize 1\n# revproxy: ignore RP101\n"
    text += "ProxyRequests On\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    main(["lint", "--format", "json", "-"])
    found = json.loads(capsys.readouterr().out)["findings"]
    errors = [(item["line"], item["code"]) for item in found if item["severity"] == "error"]
    assert errors == [(1, "RP101"), (2, "RP210"), (3, "RP510"), (5, "RP526")]


@pytest.mark.parametrize("code", ["RP204", "rp516"])
def test_a_finding_is_explained(code, capsys):
    assert main(["lint", "--explain", code]) == 0
    assert capsys.readouterr().out.startswith(f"# {code.upper()} ")


@pytest.mark.parametrize("arguments", [["--explain", "RP999"], [], ["--httpd-version", "x", "-"]])
def test_wrong_usage_is_3(arguments, capsys):
    assert main(["lint", *arguments]) == 3
    assert capsys.readouterr().out == ""


def edited(text, edits):
    """The text with edits made, from the last to the first."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda edit: (-edit["line"], -edit["column"])):
        index = edit["line"] - 1
        if edit["text"] is None:
            del lines[index]
        else:
            start, end = edit["column"] - 1, edit["end_column"] - 1
            lines[index] = lines[index][:start] + edit["text"] + lines[index][end:]
    return "\n".join(lines)


def test_fixes_are_told_to_programs(tmp_path, capsys):
    text = "# \xfc\n\tMaxClients 5\nNameVirtualHost *\nRewriteRule ^/\xfc$ http://b.test/ [P,L]\n"
    path = tmp_path / "a.conf"
    path.write_text(text, encoding="utf-8")
    main(["lint", "--format", "json", str(path)])
    findings = json.loads(capsys.readouterr().out)["findings"]
    fixes = [item["fix"] for item in findings if item["fix"]]
    assert all(fix["safe"] for fix in fixes)
    main(["lint", "--format", "sarif", str(path)])
    (run_,) = json.loads(capsys.readouterr().out)["runs"]
    replaced = []
    for result in run_["results"]:
        for fix in result.get("fixes", ()):
            (change,) = fix["artifactChanges"]
            assert change["artifactLocation"]["uri"] == str(path)
            for replacement in change["replacements"]:
                region = replacement["deletedRegion"]
                content = replacement.get("insertedContent")
                if content is None:
                    assert region["endLine"] == region["startLine"] + 1
                    assert region["startColumn"] == region["endColumn"] == 1
                replaced.append(
                    {
                        "line": region["startLine"],
                        "column": region["startColumn"],
                        "end_column": region["endColumn"],
                        "text": content and content["text"],
                    }
                )
    main(["lint", "--fix", str(path)])
    wanted = path.read_text(encoding="utf-8")
    assert wanted != text
    assert edited(text, [edit for fix in fixes for edit in fix["edits"]]) == wanted
    assert edited(text, replaced) == wanted
