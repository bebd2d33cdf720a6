"""Findings for other programs: JSON, SARIF 2.1.0, GitHub annotations, checkstyle.

Laws:
- The same findings, in the same order, as the text for people.
- Lines and columns are 1-based; columns count characters of the line as an editor shows it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from revproxy import __version__
from revproxy.errors import Diagnostic, Fix, Location, Severity
from revproxy.lint.report import column_of, in_order, readable

_SARIF_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def _place(location: Location | None) -> dict[str, Any]:
    if location is None:
        return {}
    return {
        "file": readable(location.file),
        "line": location.line,
        "column": column_of(location, location.column),
        "end_column": column_of(location, max(location.end_column, location.column + 1)),
    }


def as_json(diagnostics: Iterable[Diagnostic], names: Mapping[str, str]) -> str:
    """One object with a list of findings."""
    findings = [
        {
            "code": item.code,
            "name": names.get(item.code, ""),
            "severity": str(item.severity),
            **_place(item.location),
            "message": readable(item.message),
            "hint": readable(item.hint),
            "related": [
                {**_place(location), "message": readable(note)} for location, note in item.related
            ],
            "fix": _fix(item.fix),
        }
        for item in in_order(diagnostics)
    ]
    return json.dumps({"version": __version__, "findings": findings}, indent=2) + "\n"


def _fix(fix: Fix | None) -> dict[str, Any] | None:
    """What mends a finding: pieces of lines and what stands there instead, None for no line."""
    if fix is None:
        return None
    edits = [
        {**_place(edit.location), "text": None if edit.text is None else readable(edit.text)}
        for edit in fix.edits
    ]
    return {"safe": fix.is_safe, "edits": edits}


def as_sarif(diagnostics: Iterable[Diagnostic], names: Mapping[str, str]) -> str:
    """A log of the Static Analysis Results Interchange Format, version 2.1.0 (OASIS)."""
    ordered = in_order(diagnostics)
    codes = sorted({item.code for item in ordered})
    rules = [_sarif_rule(code, names.get(code, code)) for code in codes]
    results = [
        {
            "ruleId": item.code,
            "ruleIndex": codes.index(item.code),
            "level": _SARIF_LEVELS[item.severity],
            "message": {"text": _with_hint(item)},
            "locations": _sarif_places(item.location),
            "relatedLocations": [
                {**place, "message": {"text": readable(note)}}
                for location, note in item.related
                for place in _sarif_places(location)
            ],
            **({"fixes": [_sarif_fix(item)]} if item.fix is not None else {}),
        }
        for item in ordered
    ]
    driver = {"name": "revproxy", "version": __version__, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _sarif_rule(code: str, name: str) -> dict[str, Any]:
    """What an id stands for (section 3.49), with the page that `revproxy lint --explain` shows."""
    # What the other formats need not read.
    from revproxy.lint.pages import explained

    page = explained(code)
    about = {"help": {"text": page, "markdown": page}} if page else {}
    return {"id": code, "name": name, **about}


def _sarif_file(place: Mapping[str, Any]) -> dict[str, str]:
    """A file's name as a reference (RFC 3986)."""
    return {"uri": quote(str(place["file"]))}


def _sarif_places(location: Location | None) -> list[dict[str, Any]]:
    if location is None:
        return []
    place = _place(location)
    region = {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endColumn": place["end_column"],
    }
    return [
        {"physicalLocation": {"artifactLocation": _sarif_file(place), "region": region}},
    ]


def _sarif_fix(item: Diagnostic) -> dict[str, Any]:
    """A fix as SARIF has it (section 3.55): for each file, regions and what replaces them."""
    assert item.fix is not None
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in item.fix.edits:
        place = _place(edit.location)
        region = {
            "startLine": place["line"],
            "startColumn": place["column"],
            "endColumn": place["end_column"],
        }
        if edit.text is None:
            # The line and its end.
            region = {"startLine": place["line"], "startColumn": 1}
            region |= {"endLine": place["line"] + 1, "endColumn": 1}
        replacement: dict[str, Any] = {"deletedRegion": region}
        if edit.text is not None:
            replacement["insertedContent"] = {"text": readable(edit.text)}
        changes.setdefault(place["file"], []).append(replacement)
    kind = "safe" if item.fix.is_safe else "unsafe"
    return {
        "description": {"text": f"{readable(item.hint or item.message)} ({kind})"},
        "artifactChanges": [
            {"artifactLocation": _sarif_file({"file": file}), "replacements": replacements}
            for file, replacements in changes.items()
        ],
    }


def as_github(diagnostics: Iterable[Diagnostic], names: Mapping[str, str]) -> str:
    """Workflow commands that GitHub shows beside the lines of a change."""
    lines = []
    for item in in_order(diagnostics):
        place = _place(item.location)
        where = ""
        if place:
            file = _github(str(place["file"]), value=True)
            where = f"file={file},line={place['line']},col={place['column']},"
        title = _github(f"{item.code} {names.get(item.code, '')}".strip(), value=True)
        text = _github(_with_hint(item), value=False)
        lines.append(f"::{_GITHUB_LEVELS[item.severity]} {where}title={title}::{text}\n")
    return "".join(lines)


def _github(text: str, *, value: bool) -> str:
    """Escaped as workflow commands want it; in a property's value, `:` and `,` too."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if value else text


def as_checkstyle(diagnostics: Iterable[Diagnostic], names: Mapping[str, str]) -> str:
    """Checkstyle's XML, which most continuous integration reads."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', '<checkstyle version="4.3">']
    current = None
    for item in in_order(diagnostics):
        place = _place(item.location)
        file = str(place.get("file", ""))
        if file != current:
            lines += ["  </file>"] if current is not None else []
            lines.append(f'  <file name="{html.escape(file)}">')
            current = file
        source = f"revproxy.{names.get(item.code, item.code)}"
        lines.append(
            f'    <error line="{place.get("line", 0)}" column="{place.get("column", 0)}"'
            f' severity="{item.severity}" message="{html.escape(_with_hint(item))}"'
            f' source="{html.escape(source)}"/>'
        )
    lines += ["  </file>"] if current is not None else []
    return "\n".join([*lines, "</checkstyle>", ""])


def _with_hint(item: Diagnostic) -> str:
    return readable(f"{item.message}; {item.hint}" if item.hint else item.message)


FORMATS: Final[dict[str, Callable[[Iterable[Diagnostic], Mapping[str, str]], str]]] = {
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
    "checkstyle": as_checkstyle,
}
"""What --format names, besides text."""
