"""Which file is read, and how: what the commands have in common."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

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
        default="/etc/apache2",
        metavar="DIR",
        help="ServerRoot where none is set",
    )


def load(options: argparse.Namespace, name: str) -> Loaded:
    """Read the file of that name, or standard input, between the lines of -C and -c."""
    from revproxy.plan.load import load_file, load_text

    how = {"defines": options.defines, "server_root": options.server_root}
    if name == "-":
        text = sys.stdin.buffer.read().decode("latin-1")
    elif not options.before and not options.after:
        return load_file(name, **how)
    else:
        text = f'Include "{os.path.abspath(name)}"'
    return load_text("\n".join([*options.before, text, *options.after]), **how)
