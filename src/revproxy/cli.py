"""The command line: which command is meant, and what its end says.

Exit status: 0 well, 1 findings or a configuration that must not run, 2 the file cannot be read as
configuration, 3 wrong usage.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from revproxy import __version__
from revproxy.commands.command import Command

COMMANDS: Final = (
    "run",
    "lint",
    "fmt",
    "explain",
    "test",
    "diff",
    "directives",
    "completion",
    "man",
)
"""One module a command; each imports what it works with when it is called."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    named = next((word for word in words if not word.startswith("-")), "")
    # The parsers of all commands take 10 ms: one that is named is enough.
    parser = command_line([named] if named in COMMANDS else COMMANDS)
    try:
        options = parser.parse_args(words)
    except SystemExit as stop:
        return 3 if stop.code else 0
    if options.command is None:
        parser.print_help()
        return 3
    often = gc.get_threshold()
    if options.command != "run":
        # What ends soon has little garbage worth looking for.
        gc.set_threshold(200_000, *often[1:])
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    finally:
        gc.set_threshold(*often)
        if arguments is None:
            # The process ends: to look once more for cycles in all it holds takes 20 ms.
            gc.freeze()
    return status


def command_line(names: Iterable[str] = COMMANDS) -> Command:
    """The parser of the command line, for these commands."""
    parser = Command(
        prog="revproxy",
        description="Run, check and explain the reverse-proxy part of Apache's httpd.conf.",
        examples=(
            ("revproxy lint httpd.conf", "what is wrong with a configuration"),
            (
                "revproxy explain httpd.conf http://www.example.com/app/",
                "what would become of that request, and by which lines",
            ),
            ("revproxy run -f httpd.conf", "serve it"),
            ("revproxy COMMAND --help", "what a command takes, with examples"),
        ),
    )
    parser.add_argument("--version", action="version", version=f"revproxy {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Command)
    for name in names:
        importlib.import_module(f"revproxy.commands.{name}").add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
