"""Which line is blamed: each file of `blame.toml` here, and all of them by a real `apache2 -t`.

`REVPROXY_ORACLE=required` makes a missing apache2 a failure instead of one skip.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from revproxy.config.catalogue import catalogue
from revproxy.config.check import check
from revproxy.config.merge import merge
from revproxy.config.read import read_file
from revproxy.errors import Severity

Case = dict[str, Any]

CASES: list[Case] = tomllib.loads(Path(__file__).with_name("blame.toml").read_text("utf-8"))["case"]
MODULES = (
    "event", "access_compat", "actions", "alias", "auth_basic", "authn_core", "authz_core",
    "authz_host", "cache", "dir", "env", "filter", "headers", "lbmethod_byrequests", "macro",
    "mime", "proxy", "proxy_balancer", "proxy_hcheck", "proxy_http", "rewrite", "setenvif",
    "slotmem_shm", "ssl", "socache_shmcb", "status",
)  # fmt: skip
NAMES = frozenset(name if name == "event" else f"mod_{name}" for name in MODULES)
EVERYTHING = frozenset(catalogue().directives)
APACHE = shutil.which("apache2")


def lay_out(case: Case, directory: Path) -> Path:
    files = {"t.conf": case["config"], **case.get("files", {})}
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("@DIR@", str(directory)).encode("latin-1"))
    return directory / "t.conf"


def errors(case: Case, directory: Path) -> list[tuple[str, int, int | None]]:
    """File, line and line of the outermost Use or Include of every error."""
    path = lay_out(case, directory)
    configuration = read_file(
        str(path), loaded=NAMES, server_root=str(directory), environ={"PATH": "/bin"}
    )
    findings = [
        *configuration.diagnostics,
        *check(configuration, catalogue(), EVERYTHING),
        *merge(configuration, [])[2],
    ]
    found = []
    for item in findings:
        if item.severity is Severity.ERROR and item.location is not None:
            outermost = item.location.via
            while outermost is not None and outermost.via is not None:
                outermost = outermost.via
            name = item.location.file.removeprefix(f"{directory}/")
            found.append((name, item.location.line, outermost.line if outermost else None))
    return found


def wanted(case: Case, found: list[tuple[str, int, int | None]]) -> bool:
    if "ours" in case:
        return sorted({line for _, line, _ in found}) == case["ours"]
    if case["line"] == 0:
        return not found
    place = (case.get("file", "t.conf"), case["line"])
    return any(
        (name, line) == place and case.get("used") in (None, outer) for name, line, outer in found
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["config"][:40].replace("\n", "|"))
def test_the_line_is_blamed(case: Case, tmp_path: Path) -> None:
    found = errors(case, tmp_path)
    assert wanted(case, found), found


def by_apache(case: Case, directory: Path) -> str | None:
    """What is wrong with the case, None where Apache blames the line it says."""
    assert APACHE is not None
    directory.mkdir()
    path = lay_out(case, directory)
    done = subprocess.run(
        [APACHE, "-t", "-C", f"Include {directory.parent}/base.conf", "-C",
         f"ServerRoot {directory}", "-f", str(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": "/bin"},
        timeout=30,
        check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode("latin-1")
    if (done.returncode == 0) is not (case["line"] == 0):
        return said
    if case["line"] == 0:
        return None
    if "used" in case:
        found = f'used on line {case["used"]} of "' in said
    else:
        found = f"on line {case['line']} of {directory}/{case.get('file', 't.conf')}:" in said
    return None if found else said


@pytest.mark.oracle
def test_apache_blames_the_same_lines(tmp_path: Path) -> None:
    if APACHE is None:
        assert os.environ.get("REVPROXY_ORACLE") != "required", "there is no apache2 on the PATH"
        pytest.skip("needs apache2 (Debian: apt install apache2)")
    lines = [f"ServerRoot {tmp_path}", f"DefaultRuntimeDir {tmp_path}", "ServerName localhost"]
    lines += [f"ErrorLog {tmp_path}/error.log", "Listen 127.0.0.1:9"]
    for name in MODULES:
        entry = catalogue().modules[name if name == "event" else f"mod_{name}"]
        file = "mod_mpm_event" if name == "event" else f"mod_{name}"
        lines.append(f"LoadModule {entry.identifier} /usr/lib/apache2/modules/{file}.so")
    (tmp_path / "base.conf").write_text("\n".join(lines) + "\n")
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(by_apache, case, tmp_path / str(index)) for index, case in enumerate(CASES)
        ]
    wrong = [
        f"{case['config']!r} line {case['line']}: {re.sub(r'^.*warn.*$', '', job.result() or '')}"
        for case, job in zip(CASES, jobs, strict=True)
        if job.result() is not None
    ]
    assert not wrong, "\n".join(wrong)
