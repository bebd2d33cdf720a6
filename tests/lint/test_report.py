"""Findings as text."""

from __future__ import annotations

import io

import pytest

from revproxy.errors import Diagnostic, Location, Severity
from revproxy.lint.report import counted, in_order, readable, render, write

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


def finding(source: str, column: int, end: int, **kwargs: object) -> Diagnostic:
    location = Location("a.conf", 7, column, end, source)
    values = {"code": "RP509", "severity": ERROR, "message": "no", **kwargs}
    return Diagnostic(location=location, **values)  # type: ignore[arg-type]


def test_a_finding_has_place_message_line_mark_and_hint() -> None:
    text = render([finding("  Foo bar", 3, 6, hint="did you mean Bar?")])
    assert text == (
        "a.conf:7:3: error: no [RP509 unknown-directive]\n"
        "    7 |   Foo bar\n"
        "      |   ^^^\n"
        "  hint: did you mean Bar?\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize(
    ("source", "column", "end", "line", "mark", "printed"),
    [
        ("a b", 3, 4, "a b", "  ^", 3),
        ("\ta", 2, 3, "    a", "    ^", 2),
        ("x\ta", 3, 4, "x   a", "    ^", 3),
        ("\xc3\xa9 b", 4, 5, "é b", "  ^", 3),
        ("\xe9 b", 3, 4, "é b", "  ^", 3),
        ("\xe6\xbc\xa2 b", 5, 6, "漢 b", "   ^", 3),
        ("\x1b[ b", 4, 5, "\\x1b[ b", "      ^", 4),
        ("a", 2, 2, "a", " ^", 2),
        ("a", 9, 9, "a", " ^", 2),
    ],
)
def test_marks_stand_below_their_word(
    source: str, column: int, end: int, line: str, mark: str, printed: int
) -> None:
    rows = render([finding(source, column, end)]).splitlines()
    assert rows[0].startswith(f"a.conf:7:{printed}: ")
    assert rows[1] == f"    7 | {line}"
    assert rows[2] == f"      | {mark}"


def test_long_lines_are_cut_around_the_mark() -> None:
    source = "x" * 300 + "HERE" + "y" * 300
    rows = render([finding(source, 301, 305)]).splitlines()
    assert len(rows[1]) <= 120
    start = rows[2].index("^")
    assert rows[1][start : start + 4] == "HERE"
    assert rows[1].startswith("    7 | ...")
    assert rows[1].endswith("...")


def test_where_a_line_came_from() -> None:
    main = Location("main.conf", 3, 9, 12, "Include sub.conf")
    sub = Location("sub.conf", 5, 5, 6, "Use M x", main)
    inner = Location("sub.conf", 2, 1, 4, "Foo", sub)
    rows = render([Diagnostic("RP509", ERROR, inner, "no")]).splitlines()
    assert rows[3:5] == ["  in the macro used from sub.conf:5:5", "  included from main.conf:3:9"]


def test_related_places() -> None:
    other = Location("a.conf", 2, 1, 3, "<X>")
    rows = render([finding("</Y>", 1, 5, related=((other, "<X> begins here"),))]).splitlines()
    assert rows[3] == "  a.conf:2:1: <X> begins here"


def test_findings_stand_in_the_order_of_reading() -> None:
    include = Location("m", 2, 1, 2, "Include d/*")
    places = [
        Location("m", 3, 1),
        Location("d/b", 1, 1, via=include),
        Location("d/a", 9, 1, via=include),
        Location("m", 2, 1),
        Location("m", 1, 5),
        None,
    ]
    ordered = in_order(Diagnostic("RP509", ERROR, place, "no") for place in places)
    assert [item.location for item in ordered] == [places[index] for index in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ([], "no findings"),
        ([ERROR], "1 error"),
        ([WARNING, ERROR, ERROR, INFO], "2 errors, 1 warning, 1 remark"),
    ],
)
def test_counts(severities: list[Severity], text: str) -> None:
    assert counted([finding("a", 1, 2, severity=item) for item in severities]) == text


def test_nothing_is_said_of_nothing() -> None:
    assert render([]) == ""


def test_rules_bring_their_names() -> None:
    text = render([finding("a", 1, 2, code="RP101")], names={"RP101": "open-proxy"})
    assert "[RP101 open-proxy]" in text
    assert "[RP101]" in render([finding("a", 1, 2, code="RP101")], names={})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("\xc3\xbc", "ü"), ("\xfc", "ü"), ("a\0b", "a\\x00b"), ("\xe2\x80\x8b", "\\u200b")],
)
def test_readable(text: str, wanted: str) -> None:
    assert readable(text) == wanted


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, terminal = io.StringIO(), Terminal()
    write([finding("a", 1, 2)], plain)
    write([finding("a", 1, 2)], terminal)
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[31merror:\x1b[0m" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    quiet = Terminal()
    write([finding("a", 1, 2)], quiet)
    assert quiet.getvalue() == plain.getvalue()


class Ascii(io.StringIO):
    encoding = "ascii"


def test_any_encoding_can_be_written_to() -> None:
    stream = Ascii()
    write([finding("\xc3\xa9", 1, 3)], stream)
    assert "\\xe9" in stream.getvalue()
