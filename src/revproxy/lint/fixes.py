"""Findings that mend themselves: their edits put into the files, or shown as a difference.

Laws:
- A line is changed only where the file still holds what was read; of edits that touch, the first
  is made, and the next run makes the others.
- Nothing else of a file changes: line ends, blanks and octets that are no ASCII stay.
- Safe fixes leave what the file means as it is; all others want to be asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from revproxy.errors import Diagnostic, Edit
from revproxy.lint.report import readable


def fixed(diagnostics: Iterable[Diagnostic], *, unsafe: bool) -> Iterator[tuple[str, str, str]]:
    """Each file that changes: its name, its text (Latin-1) before and after. Raises OSError."""
    by_file: dict[str, list[Edit]] = {}
    for item in diagnostics:
        for edit in item.fix.edits if item.fix and _is_mended(item, unsafe=unsafe) else ():
            by_file.setdefault(edit.location.file, []).append(edit)
    for name, edits in by_file.items():
        with open(name.encode("latin-1"), encoding="latin-1", newline="") as file:
            before = file.read()
        after = _edited(before, edits)
        if after != before:
            yield name, before, after


def _is_mended(item: Diagnostic, *, unsafe: bool) -> bool:
    """Whether its fix is made: it has one, of the kind asked for, in a line of one place alone."""
    if item.fix is None or not (item.fix.is_safe or unsafe):
        return False
    return not any(_is_use(edit) or edit.location.file == "-" for edit in item.fix.edits)


def _is_use(edit: Edit) -> bool:
    via = edit.location.via
    return via is not None and via.source.lstrip().lower().startswith("use")


def _edited(text: str, edits: list[Edit]) -> str:
    lines = text.split("\n")
    gone: set[int] = set()
    reached: dict[int, int] = {}
    # From the right to the left, so that columns stay true.
    for edit in sorted(set(edits), key=lambda item: -item.location.column):
        at = edit.location
        index, start, end = at.line - 1, at.column - 1, at.end_column - 1
        is_there = index < len(lines) and lines[index].rstrip("\r") == at.source.rstrip("\r")
        if not is_there and index not in reached:
            continue
        if edit.text is None:
            gone.add(index)
        elif end <= reached.get(index, end):
            lines[index] = lines[index][:start] + edit.text + lines[index][end:]
            reached[index] = start
    return "\n".join(line for index, line in enumerate(lines) if index not in gone)


def difference(name: str, before: str, after: str) -> str:
    """What changes, as `diff -u` shows it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in map(_shown, lines)
    )


def _shown(line: str) -> str:
    end = "\n" if line.endswith("\n") else ""
    return readable(line.rstrip("\r\n")) + end
