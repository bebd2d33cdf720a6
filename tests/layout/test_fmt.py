"""`revproxy fmt`: files in place, standard input, --check and --diff."""

from __future__ import annotations

import io
import sys

import pytest

from revproxy.cli import main

BEFORE = b"<location   /a>\r\n# \xfc\r\nrequire all  granted\r\n</location>"
AFTER = b"<Location /a>\r\n    # \xfc\r\n    Require all granted\r\n</Location>\r\n"


def test_files_are_changed_in_place(tmp_path, capsys):
    path = tmp_path / "a.conf"
    path.write_bytes(BEFORE)
    path.chmod(0o640)
    assert main(["fmt", str(path)]) == 0
    assert path.read_bytes() == AFTER
    assert path.stat().st_mode & 0o777 == 0o640
    assert main(["fmt", "--check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_nothing_is_changed(option, tmp_path, capsys):
    path = tmp_path / "a.conf"
    path.write_bytes(BEFORE)
    assert main(["fmt", option, str(path)]) == 1
    assert path.read_bytes() == BEFORE
    said = capsys.readouterr()
    if option == "--check":
        assert str(path) in said.err
    else:
        assert "-require all  granted\n" in said.out
        assert "+    Require all granted\n" in said.out


def test_stdin_goes_to_stdout(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BEFORE)))
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["fmt", "--indent", "4", "-"]) == 0
    assert out.buffer.getvalue() == AFTER


def test_wrong_usage_and_files_that_are_not_there(tmp_path, capsys):
    assert main(["fmt", "--indent", "x", "-"]) == 3
    assert main(["fmt", str(tmp_path / "none.conf")]) == 2
    assert main(["fmt"]) == 3
    assert "No such file" in capsys.readouterr().err
