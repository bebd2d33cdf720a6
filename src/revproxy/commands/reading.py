"""Which file is read, and how: what the commands have in common."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from revproxy.plan.load import Loaded


def add_reading(command: argparse.ArgumentParser) -> None:
    """The options that every command has that reads a configuration."""
    command.add_argument(
        "-D", dest="defines", action="append", default=[], metavar="NAME", help="as httpd's -D"
    )
    command.add_argument(
        "-C", dest="before", action="append", default=[], metavar="LINE", help="read LINE first"
    )
    command.add_argument(
        "-c", dest="after", action="append", default=[], metavar="LINE", help="read LINE last"
    )
    command.add_argument(
        "-d",
        dest="server_root",
        metavar="DIR",
        help="ServerRoot where none is set (default: /etc/apache2)",
    )
    command.set_defaults(text=None, httpd_version=None)


def say(lines: Iterable[str]) -> None:
    """Print lines; what the terminal's encoding has no sign for is escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.encode(encoding, "backslashreplace").decode(encoding))


def load(
    options: argparse.Namespace,
    name: str,
    *,
    prepare: Callable[[str], str] | None = None,
    server_root: str | None = None,
) -> Loaded:
    """Read the file of that name, or standard input, between the lines of -C and -c.

    `server_root` is a server's directory, where it begins if -d does not say.
    """
    from revproxy.config.read import SERVER_ROOT
    from revproxy.lint.files import exported
    from revproxy.plan.load import load_file, load_text

    how: dict[str, Any] = {
        "defines": options.defines,
        "server_root": options.server_root or server_root or SERVER_ROOT,
        "prepare": prepare,
        "release": options.httpd_version,
        "environ": None if server_root is None else {**exported(server_root), **os.environ},
    }

    if name == "-":
        if options.text is None:
            options.text = sys.stdin.buffer.read().decode("latin-1")
        text = options.text
    elif not options.before and not options.after:
        return load_file(name, **how)
    else:
        text = f'Include "{os.path.abspath(name)}"'
    return load_text("\n".join([*options.before, text, *options.after]), **how)
