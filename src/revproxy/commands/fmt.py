"""`revproxy fmt`: write configurations in one layout."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any


def add(commands: Any) -> None:
    """Add the command."""
    fmt = commands.add_parser(
        "fmt",
        help="write configurations in one layout",
        description="""Write configurations in one layout: sections indented, names spelled as in
Apache's manual, words one blank apart. Comments, line breaks and the meaning of the file stay.""",
        examples=(
            ("revproxy fmt httpd.conf sites/", "change files where they are"),
            ("revproxy fmt --check .", "name those that would change; exit status 1 if any"),
            ("revproxy fmt --diff httpd.conf", "show what would change"),
            ("revproxy fmt - < httpd.conf", "from standard input to standard output"),
        ),
    )
    fmt.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a configuration, a directory with *.conf files, - for stdin (and to stdout)",
    )
    fmt.add_argument(
        "--check", action="store_true", help="name the files that would change, and change none"
    )
    fmt.add_argument("--diff", action="store_true", help="show what would change, and change none")
    fmt.add_argument(
        "--indent", default="4", metavar="N", help="blanks for each section, or tab (default: 4)"
    )
    fmt.set_defaults(run=_fmt)


def _fmt(options: argparse.Namespace) -> int:
    from revproxy.layout.canonical import laid_out
    from revproxy.lint.fixes import difference

    indent = _indent(options.indent)
    if indent is None:
        print("revproxy fmt: --indent takes a number or tab", file=sys.stderr)
        return 3
    is_dry = options.check or options.diff
    changed = False
    status = 0
    for name in _files(options.files):
        try:
            before = _read(name)
        except OSError as error:
            print(f"revproxy fmt: {name}: {error.strerror}", file=sys.stderr)
            status = 2
            continue
        after = laid_out(before, indent=indent)
        changed = changed or after != before
        if options.diff:
            sys.stdout.write(difference(name, before, after))
        if options.check and after != before:
            print(f"{name} would change", file=sys.stderr)
        if is_dry:
            continue
        if name == "-":
            sys.stdout.buffer.write(after.encode("latin-1"))
        elif after != before:
            with open(name, "w", encoding="latin-1", newline="") as file:
                file.write(after)
    return status or int(is_dry and changed)


def _indent(word: str) -> str | None:
    if word == "tab":
        return "\t"
    return " " * int(word) if word.isascii() and word.isdigit() and int(word) <= 16 else None


def _files(names: Iterable[str]) -> Iterator[str]:
    from revproxy.lint.files import below

    for name in names:
        if os.path.isdir(name):
            yield from below(name)
        else:
            yield name


def _read(name: str) -> str:
    """A file's text, one character an octet. Raises OSError."""
    if name == "-":
        return sys.stdin.buffer.read().decode("latin-1")
    with open(name, encoding="latin-1", newline="") as file:
        return file.read()
