"""The command line teaches: help with examples that work, completion, manual pages."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from revproxy.cli import command_line, main
from revproxy.commands.completion import SCRIPTS
from revproxy.commands.man import pages

ROOT = Path(__file__).parents[2]
COMMANDS = command_line().commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches(name, capsys):
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    command = COMMANDS[name]
    assert command.description, "a command says what it is for"
    assert command.examples, "a command has examples (commands/command.py)"
    for line, what in command.examples:
        assert f"  {line}\n      {what}\n" in text
    assert all(action.help for action in (*command.options, *command.words))


@pytest.mark.parametrize(
    "line", [line for command in COMMANDS.values() for line, _ in command.examples]
)
def test_the_examples_are_command_lines(line):
    words = shlex.split(re.split(r" [|<>] ", line)[0])
    assert words[0] == "revproxy"
    command_line().parse_args(words[1:])


def test_the_manual_pages_are_in_accord():
    folder = ROOT / "docs" / "man"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.1")}
    assert written == dict(pages(command_line())), "run revproxy man --all docs/man"


def test_manual_pages_on_demand(tmp_path, capsys):
    assert main(["man", "lint"]) == 0
    assert capsys.readouterr().out.startswith(".TH REVPROXY-LINT 1 ")
    assert main(["man", "nonsense"]) == 3
    assert main(["man", "--all", str(tmp_path / "man1")]) == 0
    assert (tmp_path / "man1" / "revproxy-lint.1").exists()


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_manual_pages_have_no_mistakes():
    for name, text in pages(command_line()):
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-z"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == "", name


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_script_for_each_shell(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name in COMMANDS:
        assert name in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def completed(*words: str, cwd: Path) -> list[str]:
    """What bash offers for the last of these words."""
    script = SCRIPTS["bash"](command_line())
    array = " ".join(map(shlex.quote, ("revproxy", *words)))
    script += f"COMP_WORDS=({array}) COMP_CWORD={len(words)}\n_revproxy\n"
    script += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run(
        ["bash"], input=script, capture_output=True, text=True, check=True, cwd=cwd
    )
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes(tmp_path):
    (tmp_path / "httpd.conf").write_text("")
    assert completed("li", cwd=tmp_path) == ["lint"]
    assert completed("lint", "--format", "s", cwd=tmp_path) == ["sarif"]
    assert completed("lint", "--st", cwd=tmp_path) == ["--strict"]
    assert completed("lint", "ht", cwd=tmp_path) == ["httpd.conf"]
    assert completed("completion", "", cwd=tmp_path) == ["bash", "zsh", "fish"]
    assert completed("explain", "-d", "ht", cwd=tmp_path) == ["httpd.conf"]
