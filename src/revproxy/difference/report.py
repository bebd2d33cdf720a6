"""Differences as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from revproxy.difference.answers import Different
from revproxy.difference.compare import Difference
from revproxy.difference.requests import Requests
from revproxy.errors import Location
from revproxy.lint.report import readable
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """The requests that were asked, and those that are answered differently."""

    requests: Requests
    different: Sequence[Different]


def as_text(found: Sequence[Difference] | None, answers: Answers | None) -> Iterator[str]:
    """All that differs, by place, without its end of lines; None where lines were not compared."""
    for where, group in groupby(found or (), key=lambda item: item.where):
        yield readable(where)
        for item in group:
            yield from _difference(item)
    if found is not None and not found:
        yield "The configurations say the same."
    if answers is not None:
        yield from _answers(answers)


def _difference(item: Difference) -> Iterator[str]:
    if item.before:
        yield _line(item.kind, item.before, item.before_place)
    if item.after:
        yield _line("to" if item.before else item.kind, item.after, item.after_place)


def _line(word: str, text: str, place: Location | None) -> str:
    where = "" if place is None else f"  ({readable(place.file)}:{place.line})"
    return f"  {word:>7}  {readable(text)}{where}"


def _answers(answers: Answers) -> Iterator[str]:
    requests = answers.requests
    total, times = len(requests.asked), sum(count for _, count in requests.asked)
    repeated = f" (of {times} in the log)" if requests.is_log else ""
    yield f"{len(answers.different)} of {total} requests{repeated} are answered differently"
    if requests.skipped:
        lines = ", ".join(map(str, requests.skipped[:10]))
        more = ", ..." if len(requests.skipped) > 10 else ""
        yield f"  {len(requests.skipped)} lines of the log are no requests: {lines}{more}"
    for item in answers.different:
        often = f"  ({item.count} times)" if item.count > 1 else ""
        yield f"  {item.asked.method} {readable(item.asked.url)}{often}"
        for change in item.changes:
            before, after = _shown(change.before), _shown(change.after)
            yield f"    {readable(change.key)}: {before} -> {after}"


def _shown(value: str | None) -> str:
    return "nothing" if value is None else f"'{readable(value)}'"


def as_data(found: Sequence[Difference] | None, answers: Answers | None) -> dict[str, Any]:
    """All that differs, as JSON has it."""
    data: dict[str, Any] = {}
    if found is not None:
        data["differences"] = [_difference_data(item) for item in found]
    if answers is not None:
        requests = answers.requests
        data["requests"] = {
            "asked": len(requests.asked),
            "times": sum(count for _, count in requests.asked),
            "skipped_lines": list(requests.skipped),
            "different": [
                {
                    "method": item.asked.method,
                    "url": readable(item.asked.url),
                    "times": item.count,
                    "changes": [
                        {
                            "key": readable(change.key),
                            "before": _plain(change.before),
                            "after": _plain(change.after),
                        }
                        for change in item.changes
                    ],
                }
                for item in answers.different
            ],
        }
    return data


def _difference_data(item: Difference) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "where": readable(item.where),
        "before": _side(item.before, item.before_place),
        "after": _side(item.after, item.after_place),
    }


def _side(text: str, place: Location | None) -> dict[str, Any] | None:
    if not text:
        return None
    return {
        "text": readable(text),
        "file": None if place is None else readable(place.file),
        "line": None if place is None else place.line,
    }


def _plain(value: str | None) -> str | None:
    return None if value is None else readable(value)
