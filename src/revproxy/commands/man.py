"""`revproxy man`: the manual pages, written from the parsers of the commands.

`revproxy man --all DIR` writes them as files; those in `docs/man` go into the wheel, and a test
holds that they are in accord.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

from revproxy import __version__
from revproxy.commands.command import Command, takes_value, value_of

_STATUSES: Final = (
    ("0", "All is well."),
    ("1", "There are findings, or the configuration must not run."),
    ("2", "A file cannot be read as configuration."),
    ("3", "Wrong usage."),
)


def add(commands: Any) -> None:
    """Add the command."""
    man = commands.add_parser(
        "man",
        help="print a manual page",
        description="Print the manual page of revproxy or of one of its commands, for man(1).",
        examples=(
            ("revproxy man lint | man -l -", "read the page of lint"),
            ("revproxy man --all /usr/local/share/man/man1", "put all pages where man finds them"),
        ),
    )
    man.add_argument("name", nargs="?", metavar="COMMAND", help="a command; none for revproxy")
    man.add_argument("--all", metavar="DIR", help="write every page as a file of this directory")
    man.set_defaults(run=_man)


def _man(options: argparse.Namespace) -> int:
    from revproxy.cli import command_line

    parser = command_line()
    if options.all:
        os.makedirs(options.all, exist_ok=True)
        for name, text in pages(parser):
            with open(os.path.join(options.all, name), "w", encoding="utf-8") as file:
                file.write(text)
        return 0
    wanted = f"revproxy-{options.name}.1" if options.name else "revproxy.1"
    known = dict(pages(parser))
    if wanted not in known:
        print(f"revproxy man: there is no command {options.name}", file=sys.stderr)
        return 3
    sys.stdout.write(known[wanted])
    return 0


def pages(parser: Command) -> Iterator[tuple[str, str]]:
    """Each page's file name and text."""
    yield "revproxy.1", _page("revproxy", parser.description or "", parser)
    for name, command in parser.commands.items():
        title = f"revproxy-{name}"
        yield f"{title}.1", _page(title, parser.summaries[name], command)


def _page(title: str, summary: str, command: Command) -> str:
    lines = [
        f'.TH {title.upper()} 1 "" "revproxy {__version__}" "User Commands"',
        ".SH NAME",
        rf"{_text(title)} \- {_text(summary)}",
        ".SH SYNOPSIS",
        *_synopsis(command),
        ".SH DESCRIPTION",
        *_paragraphs(command.description or summary),
    ]
    if command.commands:
        lines.append(".SH COMMANDS")
        for name, text in command.summaries.items():
            lines += [".TP", rf"\fB{_text(name)}\fR", _text(text)]
    if command.words:
        lines.append(".SH ARGUMENTS")
        for action in command.words:
            lines += [".TP", rf"\fI{_text(value_of(action))}\fR", _text(action.help or "")]
    lines.append(".SH OPTIONS")
    for action in command.options:
        lines += [".TP", _option(action), _text(action.help or "")]
    lines.append(".SH EXIT STATUS")
    for status, text in _STATUSES:
        lines += [".TP", status, _text(text)]
    if command.examples:
        lines.append(".SH EXAMPLES")
        for line, what in command.examples:
            lines += [".TP", rf"\fB{_text(line)}\fR", _text(what)]
    if not command.commands:
        lines += [".SH SEE ALSO", r"\fBrevproxy\fR(1)"]
    return "\n".join([*lines, ""])


def _synopsis(command: Command) -> Iterator[str]:
    yield rf"\fB{_text(command.prog)}\fR"
    if command.commands:
        yield r"\fICOMMAND\fR ..."
        return
    yield r"[\fIoptions\fR]"
    for action in command.words:
        name = rf"\fI{_text(value_of(action))}\fR"
        name = f"{name} ..." if action.nargs in ("*", "+") else name
        yield f"[{name}]" if action.nargs in ("*", "?") else name


def _option(action: argparse.Action) -> str:
    value = rf" \fI{_text(value_of(action))}\fR" if takes_value(action) else ""
    return ", ".join(rf"\fB{_text(flag)}\fR{value}" for flag in action.option_strings)


def _paragraphs(text: str) -> Iterator[str]:
    for index, paragraph in enumerate(text.split("\n\n")):
        if index:
            yield ".PP"
        yield from (_text(line.strip()) for line in paragraph.splitlines())


def _text(text: str) -> str:
    """Text with what troff would take for its own escaped."""
    text = text.replace("%%", "%").replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text[:1] in (".", "'") else text
