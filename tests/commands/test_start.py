"""Commands start fast: what one does without is not loaded (by names of modules, not by time)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipe import RECIPE

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "quickstart.conf")
LINT = ("lint", EXAMPLE)
EXPLAIN = ("explain", EXAMPLE, "http://localhost:8080/app/")

WITHOUT_A_SERVER = ("h11", "passlib", "bcrypt", "cryptography")
"""What judges messages and passwords, and reads certificates."""
WITHOUT_A_LOOP = ("trio", "attr", "outcome")
WITHOUT_AN_EXPRESSION = ("lark", "revproxy.config.expr_tree")
OTHER_COMMANDS = tuple(f"revproxy.commands.{name}" for name in ("run", "diff", "test", "man"))
NOTHING_OF_THEIRS = ("regex", "logging", "pickle", "tomllib", "email", "pytest")
"""What is as heavy, and would come with a careless import."""


def loaded(*command: str) -> set[str]:
    """All modules that are loaded when a command is done."""
    code = (
        "import sys; from revproxy.cli import main; main(sys.argv[1:]); print();print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", [LINT, EXPLAIN], ids=lambda words: words[0])
def test_a_command_loads_no_more_than_it_works_with(command: tuple[str, ...]):
    found = loaded(*command)
    assert found.isdisjoint({*WITHOUT_A_SERVER, *WITHOUT_A_LOOP, *WITHOUT_AN_EXPRESSION})
    assert found.isdisjoint({*OTHER_COMMANDS, *NOTHING_OF_THEIRS})


def test_lint_knows_no_socket():
    assert loaded(*LINT).isdisjoint(
        ("socket", "ssl", "difflib", "revproxy.sockets", "revproxy.server")
    )


def test_lint_needs_nothing_that_serves(tmp_path: Path):
    path = tmp_path / "httpd.conf"
    path.write_text(RECIPE)
    found = loaded("lint", str(path))
    assert "revproxy.rewrite.rule" in found
    assert found.isdisjoint(("revproxy.rewrite.server", "revproxy.html.page", "isal", "email"))


def test_an_expression_brings_its_grammar(tmp_path: Path):
    path = tmp_path / "httpd.conf"
    path.write_text("<If \"%{HTTP_HOST} == 'a'\">\nHeader set X-A 1\n</If>\n")
    assert "lark" in loaded("lint", str(path))
