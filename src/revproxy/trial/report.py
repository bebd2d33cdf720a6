"""What became of cases: as text, as JSON, and as JUnit's XML."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from revproxy.errors import Location
from revproxy.explain.ask import Asked
from revproxy.explain.story import as_data as story_data
from revproxy.lint.report import readable
from revproxy.records import dataclass
from revproxy.trial.judge import Failure
from revproxy.trial.run import Result


@dataclass(frozen=True, slots=True)
class FileResults:
    """A file of cases and what became of them."""

    path: str
    config: str
    results: Sequence[Result]


def as_text(files: Sequence[FileResults], *, verbose: bool = False) -> Iterator[str]:
    """Failures, and with `verbose` all cases, then the count; without its end of lines."""
    for file in files:
        for result in file.results:
            if not result.has_passed:
                yield f"FAIL  {readable(result.case.name)}  ({_place(result.case.location)})"
                yield from failed(result, file.config)
                yield ""
            elif verbose:
                yield f"ok    {readable(result.case.name)}"
    results = [result for file in files for result in file.results]
    bad = sum(not result.has_passed for result in results)
    parts = [f"{len(results) - bad} passed"] + ([f"{bad} failed"] if bad else [])
    yield ", ".join(parts)


def failed(result: Result, config: str) -> Iterator[str]:
    """What is not as a case expects it, and how to see more."""
    for failure in result.failures:
        yield f"  {_place(failure.location)}: {readable(failure.key)}"
        yield f"    expected  {readable(failure.expected)}"
        yield f"    actual    {readable(failure.actual)}"
        if failure.cause is not None:
            yield f"    decided   {readable(failure.cause.text)}"
            if failure.cause.place is not None:
                place = failure.cause.place
                yield f"              {_place(place)}: {readable(place.source.strip())}"
    yield f"  see  {_command(result.case.asked, config)}"


def _place(location: Location) -> str:
    return f"{readable(location.file)}:{location.line}"


def _command(asked: Asked, config: str) -> str:
    """The command that explains what is asked."""
    words = ["revproxy", "explain", config, readable(asked.url)]
    if asked.method != "GET":
        words += ["-X", asked.method]
    for name, value in asked.fields:
        words += ["-H", readable(f"{name}: {value}")]
    if asked.client != Asked("").client:
        words += ["--client", asked.client]
    if asked.body:
        words += ["--data", asked.body.decode("utf-8", "replace")]
    return shlex.join(words)


def as_data(files: Sequence[FileResults]) -> dict[str, Any]:
    """The results as JSON has them."""
    results = [result for file in files for result in file.results]
    return {
        "passed": sum(result.has_passed for result in results),
        "failed": sum(not result.has_passed for result in results),
        "files": [
            {
                "file": file.path,
                "config": file.config,
                "cases": [_case(result) for result in file.results],
            }
            for file in files
        ],
    }


def _case(result: Result) -> dict[str, Any]:
    return {
        "name": readable(result.case.name),
        "line": result.case.location.line,
        "passed": result.has_passed,
        "seconds": round(result.seconds, 6),
        "failures": [_failure(failure) for failure in result.failures],
        "stories": [] if result.has_passed else [story_data(story) for story in result.stories],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    cause = failure.cause
    place = cause.place if cause is not None else None
    return {
        "key": readable(failure.key),
        "expected": readable(failure.expected),
        "actual": readable(failure.actual),
        "line": failure.location.line,
        "decided_by": None if cause is None else readable(cause.text),
        "place": None
        if place is None
        else {"file": place.file, "line": place.line, "text": readable(place.source.strip())},
    }


def as_junit(files: Sequence[FileResults]) -> str:
    """The results as JUnit's XML: a suite a file."""
    root = ET.Element("testsuites")
    for file in files:
        seconds = sum(result.seconds for result in file.results)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml(file.path),
            tests=str(len(file.results)),
            failures=str(sum(not result.has_passed for result in file.results)),
            errors="0",
            skipped="0",
            time=f"{seconds:.3f}",
        )
        for result in file.results:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_xml(file.path),
                name=_xml(result.case.name),
                file=_xml(file.path),
                line=str(result.case.location.line),
                time=f"{result.seconds:.3f}",
            )
            if not result.has_passed:
                message = "; ".join(failure.key for failure in result.failures)
                failure = ET.SubElement(case, "failure", message=_xml(message), type="expectation")
                failure.text = _xml("\n".join(failed(result, file.config)))
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _xml(text: str) -> str:
    """Text without what no XML can hold: `readable` shows control characters as escapes."""
    return "\n".join(readable(line) for line in text.split("\n"))
