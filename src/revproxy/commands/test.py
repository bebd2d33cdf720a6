"""`revproxy test`: cases, each a request and what must become of it, without a network.

Exit status: 0 all passed, 1 some failed or the coverage is too low, 2 the configuration or a case
file cannot be read, 3 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revproxy.commands.reading import add_reading, load, say

if TYPE_CHECKING:
    from revproxy.errors import Diagnostic
    from revproxy.trial.cases import Case, CaseFile
    from revproxy.trial.coverage import Coverage, Line
    from revproxy.trial.report import FileResults

_HELP = """Send made-up requests through a configuration, without a network, and hold what becomes
of them against cases in TOML (docs/cases.md). Exit status: 0 all passed, 1 some failed, 2 a file
cannot be read, 3 wrong usage."""


def add(commands: Any) -> None:
    """Add the command."""
    test = commands.add_parser(
        "test",
        help="hold a configuration against cases",
        description=_HELP,
        examples=(
            ("revproxy test httpd.conf cases.revproxy.toml", "what fails, and by which line"),
            (
                "revproxy test httpd.conf *.toml --coverage --fail-under 80",
                "and which lines no case has touched",
            ),
            ("revproxy test httpd.conf cases.toml -k login -v", "some of them, by name"),
            ("revproxy test httpd.conf cases.toml --junit junit.xml", "for CI"),
        ),
    )
    test.add_argument("file", metavar="FILE", help="a configuration, - for stdin")
    test.add_argument("cases", nargs="+", metavar="CASES", help="files of cases (TOML)")
    add_reading(test)
    test.add_argument("-k", dest="only", metavar="WORDS", help="the cases with this in their name")
    test.add_argument("-v", "--verbose", action="store_true", help="name the cases that pass, too")
    test.add_argument("--junit", metavar="FILE", help="write the results as JUnit's XML")
    test.add_argument("--format", default="text", choices=("text", "json"), help="default: text")
    test.add_argument(
        "--coverage", action="store_true", help="tell which lines no case has touched"
    )
    test.add_argument(
        "--fail-under",
        type=_percent,
        default=0.0,
        metavar="PERCENT",
        help="exit status 1 where the coverage is lower",
    )
    test.set_defaults(run=_test)


def _percent(word: str) -> float:
    """A share of 100. Raises ValueError."""
    value = float(word)
    if not 0 <= value <= 100:
        raise ValueError(word)
    return value


def _test(options: argparse.Namespace) -> int:
    from revproxy.errors import ConfigError
    from revproxy.lint.report import write
    from revproxy.trial.coverage import merged, share

    files = _read(options)
    if files is None:
        return 2
    chosen = [(file, [case for case in file.cases if _is_chosen(options, case)]) for file in files]
    if not any(cases for _, cases in chosen):
        print(f"revproxy test: no case has '{options.only}' in its name", file=sys.stderr)
        return 3
    try:
        found, coverages = _run(options, chosen)
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
        return 2
    lines = merged(coverages) if options.coverage or options.fail_under else None
    if not _report(options, found, lines):
        return 2
    is_low = lines is not None and 100 * share(lines) < options.fail_under
    failed = any(not result.has_passed for file in found for result in file.results)
    return 1 if failed or is_low else 0


def _run(
    options: argparse.Namespace, chosen: list[tuple[CaseFile, list[Case]]]
) -> tuple[list[FileResults], list[Coverage]]:
    """The results by file, and what they touched. Raises ConfigError."""
    from revproxy.explain.ask import Explainer
    from revproxy.trial.coverage import Coverage
    from revproxy.trial.report import FileResults
    from revproxy.trial.run import run_cases

    known: dict[tuple[str, ...], tuple[Explainer, Coverage]] = {}
    found = []
    given = list(options.defines)
    for file, cases in chosen:
        if file.defines not in known:
            options.defines = [*given, *file.defines]
            loaded = load(options, options.file)
            known[file.defines] = Explainer(loaded), Coverage(loaded.configuration)
        explainer, coverage = known[file.defines]
        results = list(run_cases(explainer, cases))
        for result in results:
            coverage.add(result.stories)
        found.append(FileResults(file.path, options.file, results))
    return found, [coverage for _, coverage in known.values()]


def _report(
    options: argparse.Namespace, files: list[FileResults], lines: list[Line] | None
) -> bool:
    """Tell the results; False where the file of --junit cannot be written, which is told."""
    from revproxy.trial import coverage, report

    if options.format == "json":
        data = report.as_data(files)
        if lines is not None:
            data["coverage"] = coverage.as_data(lines)
        print(json.dumps(data, indent=2))
    else:
        say(report.as_text(files, verbose=options.verbose))
        say(coverage.as_text(lines) if lines is not None else ())
    if options.junit:
        try:
            Path(options.junit).write_text(report.as_junit(files), encoding="utf-8")
        except OSError as error:
            print(f"revproxy: {options.junit}: {error.strerror}", file=sys.stderr)
            return False
    return True


def _is_chosen(options: argparse.Namespace, case: Case) -> bool:
    return options.only is None or options.only.lower() in case.name.lower()


def _read(options: argparse.Namespace) -> list[CaseFile] | None:
    """The files of cases; None where one is wrong, which is told."""
    from revproxy.lint.report import write
    from revproxy.trial.cases import read_cases

    files = []
    problems: list[Diagnostic] = []
    is_readable = True
    for name in options.cases:
        try:
            files.append(read_cases(name))
        except OSError as error:
            print(f"revproxy: {name}: {error.strerror}", file=sys.stderr)
            is_readable = False
        else:
            problems += files[-1].problems
    if problems:
        write(problems, sys.stderr)
    return files if is_readable and not problems else None
