"""Which line of a file each of the two blames: `apache2 -t` and `revproxy lint`.

Laws:
- Line 0 means that the file was accepted; -1 that it was refused without a line of the file.
- The file under test is alone in its directory but for its includes; lines are of that file.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from revproxy.lint.report import render
from revproxy.plan.load import load_file
from tests.oracle.cases import ConfigCase
from tests.oracle.servers import APACHE, apache_around, lay_out


@dataclass(frozen=True, slots=True)
class Blame:
    """The line that was blamed, and the words."""

    line: int
    said: str
    lines: tuple[int, ...] = ()


def blamed_by_apache(case: ConfigCase, directory: Path) -> Blame:
    """`apache2 -t`; the innermost file that it names counts."""
    _lay_out(case, directory)
    around = apache_around(directory)
    done = subprocess.run(
        [APACHE, "-t", "-d", str(directory), "-f", str(around)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return Blame(0, said)
    macro = re.search(r"on line (\d+) of macro '[^']*' \(defined on line (\d+) of", said)
    if macro:
        # Lines of a macro count from behind its first; what is wrong stands in its definition.
        return Blame(int(macro[1]) + int(macro[2]), said)
    lines = [
        int(line)
        for line, file in re.findall(r"on line (\d+) of ([^:\n]+):", said)
        if Path(file).name != "apache.conf"
    ]
    return Blame(lines[-1] if lines else -1, said)


def blamed_by_revproxy(case: ConfigCase, directory: Path) -> Blame:
    """What keeps revproxy from starting with it: the lines of all errors, in the order told."""
    _lay_out(case, directory)
    loaded = load_file(str(directory / "httpd.conf"))
    said = render(loaded.diagnostics)
    if not loaded.has_errors:
        # Warnings and the like are findings too, but no reason to refuse the file.
        return Blame(0, said)
    pattern = re.escape(str(directory)) + r"/[^:\n]+:(\d+)(?::\d+)?: error"
    lines = [int(line) for line in re.findall(pattern, said)]
    return Blame(lines[0] if lines else -1, said, tuple(lines) or (-1,))


def _lay_out(case: ConfigCase, directory: Path) -> None:
    directory.mkdir()
    lay_out(directory, case.config, case.files, {"DIR": str(directory)})
