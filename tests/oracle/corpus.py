"""Other people's configurations: is each accepted as by `apache2 -t`, or blamed at the same line?

`python -m tests.oracle.corpus DIR...` looks at every Apache configuration below these directories
(checkouts of the repositories in tests/lint/corpus.txt, say) and prints those where the two differ.

Laws:
- What a file wants of its own machine is taken out for both: modules' paths, includes, users, the
  directories of logs. Nothing else of it is changed, and no line moves.
- What revproxy knows and does not serve (RP526) is no difference.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from revproxy.config.codes import UNIMPLEMENTED
from revproxy.config.lines import Source
from revproxy.errors import Severity
from revproxy.lint.report import in_order
from revproxy.plan.load import load_file
from tests.oracle.servers import APACHE, MODULES

_OURS = re.compile(
    r"^\s*(?:<VirtualHost|<Directory|<Location|<IfModule|ProxyPass|RewriteRule|LoadModule|ServerName)\b",
    re.IGNORECASE | re.MULTILINE,
)
_FOREIGN = re.compile(r"\{\{|\{%|<%|^\s*server\s*\{|\$HTTP\[|@[A-Z_]+@", re.MULTILINE)
_MACHINE = re.compile(
    r"(?:LoadModule|LoadFile|ServerRoot|Include|IncludeOptional|User|Group|ErrorLog|PidFile|Mutex"
    r"|LockFile|ScoreBoardFile|DefaultRuntimeDir|CoreDumpDirectory|Listen|SuexecUserGroup|TypesConfig"
    r"|MIMEMagicFile)\b",
    re.IGNORECASE,
)
_AMONG_MPMS = {"mpm_prefork", "mpm_worker"}


def files(directory: Path) -> Iterator[Path]:
    """The files below it that look like Apache's."""
    for path in sorted(directory.rglob("*")):
        if ".git" in path.parts or not path.is_file() or path.stat().st_size > 1_000_000:
            continue
        text = path.read_bytes().decode("latin-1")
        named = path.suffix in (".conf", ".vhost", ".inc", "") or "sites-" in str(path.parent)
        if named and _OURS.search(text) and not _FOREIGN.search(text):
            yield path


def neutral(text: str) -> str:
    """The text without what it wants of its machine; every line stays where it is."""
    source = Source("", text)
    lines = []
    skips = False
    for index, line in enumerate(source.lines):
        skips = skips or _MACHINE.match(line.lstrip()) is not None
        lines.append("" if skips else line)
        skips = skips and source.continues(index)
    return "\n".join(lines) + "\n"


def base(directory: Path) -> Path:
    """A file that loads every module there is."""
    lines = [f"ServerRoot {directory}", f"DefaultRuntimeDir {directory}", "ServerName localhost"]
    lines += [f"ErrorLog {directory}/error.log", "Listen 127.0.0.1:9"]
    names = sorted(path.stem.removeprefix("mod_") for path in MODULES.glob("mod_*.so"))
    # Those that others need come first.
    names.sort(key=lambda name: name not in ("proxy", "session", "dav", "cache", "ldap"))
    for name in names:
        if name not in _AMONG_MPMS:
            lines.append(f"LoadModule {name}_module {MODULES}/mod_{name}.so")
    path = directory / "base.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def by_apache(path: Path, around: Path) -> tuple[int, str]:
    """The line that Apache blames: 0 for none, -1 where it names none; and what it said."""
    done = subprocess.run(
        [APACHE, "-t", "-T", "-C", f"Include {around}", "-f", str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": "/bin"},
        timeout=60,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("latin-1")
    if done.returncode == 0:
        return 0, said
    found = re.search(rf"on line (\d+) of {re.escape(str(path))}:", said)
    return int(found[1]) if found else -1, said


def by_revproxy(path: Path) -> tuple[list[int], set[int], str]:
    """The lines with errors, in order, those that are not served, and what is said of the first."""
    lines: list[int] = []
    unserved: set[int] = set()
    told = []
    for item in in_order(load_file(str(path)).diagnostics):
        line = item.location.line if item.location is not None else -1
        if item.code == UNIMPLEMENTED:
            unserved.add(line)
        elif item.severity is Severity.ERROR:
            lines.append(line)
            told.append(str(item))
    return lines, unserved, "\n".join(told[:4])


def difference(path: Path, copy: Path, around: Path) -> str | None:
    """How the two differ on a file, None where they agree."""
    copy.write_bytes(neutral(path.read_bytes().decode("latin-1")).encode("latin-1"))
    line, said = by_apache(copy, around)
    ours, unserved, told = by_revproxy(copy)
    if line == (ours[0] if ours else 0) or line in unserved or (line == -1 and not ours):
        return None
    said = re.sub(r"^.*\b(?:AH00111|AH00112|AH00526|warn)\b.*\n", "", said, flags=re.MULTILINE)
    return f"{path}: apache {line}, revproxy {ours[:5]}\n  {said.strip()[:400]}\n  {told[:600]}"


def main(directories: list[str]) -> int:
    """Compare all, print the differences and how many there are."""
    paths = [path for name in directories for path in files(Path(name))]
    differ = 0
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        around = base(Path(place))
        jobs = [
            pool.submit(difference, path, Path(place) / f"{index}.conf", around)
            for index, path in enumerate(paths)
        ]
        for job in jobs:
            text = job.result()
            if text is not None:
                differ += 1
                print(text, flush=True)
    print(f"{len(paths)} files, {differ} differ")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
