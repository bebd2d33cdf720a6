"""Whole files through reader, checker and report: what goes in and comes out, in one file.

A golden file holds sections that begin with `=== NAME`: files first (httpd.conf is the one that
is read), then `=== tree` and `=== findings`. With `REVPROXY_GOLDEN=write` in the environment the
last two are written anew, to be looked at before they are committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from revproxy.config.catalogue import catalogue
from revproxy.config.check import check
from revproxy.config.read import read_file
from revproxy.config.tree import Directive
from revproxy.lint.report import render

FILES = sorted(Path(__file__).parent.glob("*.golden"))
EVERYTHING = frozenset(catalogue().directives) - {"sslengine", "maxsparethreads"}


def sections(text: str) -> dict[str, str]:
    pieces = re.split(r"^=== (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def shown(directives: list[Directive], directory: Path, depth: int = 0) -> Iterator[str]:
    for directive in directives:
        words = " ".join(f"[{word}]" for word in directive.args)
        place = f"{directive.location}".replace(f"{directory}/", "")
        name = f"<{directive.name}>" if directive.is_section else directive.name
        yield f"{'  ' * depth}{name} {words}".rstrip() + f"  @ {place}"
        yield from shown(directive.children or [], directory, depth + 1)


def outcome(files: dict[str, str], directory: Path) -> dict[str, str]:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("@DIR@", str(directory)).encode())
    configuration = read_file(
        str(directory / "httpd.conf"), server_root=str(directory), environ={"HOME": "/root"}
    )
    findings = [
        *configuration.diagnostics,
        *check(configuration, catalogue(), EVERYTHING),
    ]
    tree = "".join(f"{line}\n" for line in shown(configuration.directives, directory))
    report = render(findings).replace(f"{directory}/", "").replace(str(directory), "@DIR@")
    readable = tree.encode("latin-1").decode("utf-8", "backslashreplace")
    return {"tree": readable.replace(str(directory), "@DIR@"), "findings": report}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_file(path: Path, tmp_path: Path) -> None:
    parts = sections(path.read_text("utf-8"))
    files = {name: text for name, text in parts.items() if name not in ("tree", "findings")}
    got = outcome(files, tmp_path)
    if os.environ.get("REVPROXY_GOLDEN") == "write":
        parts = {**files, **got}
        path.write_text("".join(f"=== {name}\n{text}" for name, text in parts.items()), "utf-8")
    assert got == {"tree": parts.get("tree"), "findings": parts.get("findings")}
