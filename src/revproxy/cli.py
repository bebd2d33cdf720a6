"""The commands. Each is thin: it reads arguments, calls one room, prints.

Exit status: 0 well, 1 findings or a configuration that must not run, 2 the file cannot be read as
configuration, 3 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from revproxy import __version__

if TYPE_CHECKING:
    from revproxy.errors import Diagnostic
    from revproxy.plan.load import Loaded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        return 3 if stop.code else 0
    if options.command is None:
        parser.print_help()
        return 3
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="revproxy",
        description="Run, check and explain the reverse-proxy part of Apache's httpd.conf.",
    )
    parser.add_argument("--version", action="version", version=f"revproxy {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser("run", help="serve what a configuration says")
    run.add_argument("-f", dest="file", required=True, metavar="FILE", help="the configuration")
    _reading(run)
    run.set_defaults(run=_run)
    lint = commands.add_parser("lint", help="tell what is wrong with configurations")
    lint.add_argument("files", nargs="*", metavar="FILE", help="a configuration, - for stdin")
    lint.add_argument("--explain", metavar="ID", help="print what a finding means, and exit")
    _reading(lint)
    _choosing(lint)
    lint.set_defaults(run=_lint)
    explain = commands.add_parser("explain", help="tell what a configuration does to a request")
    explain.add_argument("file", metavar="FILE", help="a configuration, - for stdin")
    explain.add_argument("url", metavar="URL", help="what is asked: http://host/path")
    _reading(explain)
    _asking(explain)
    explain.set_defaults(run=_explain)
    directives = commands.add_parser("directives", help="show what a directive is and does here")
    directives.add_argument("names", nargs="*", metavar="NAME", help="a directive or a module")
    directives.set_defaults(run=_directives)
    return parser


def _reading(command: argparse.ArgumentParser) -> None:
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


def _choosing(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format",
        default="text",
        choices=("text", "json", "sarif", "github", "checkstyle"),
        help="how findings are printed (default: text)",
    )
    command.add_argument(
        "--fail-on",
        default="warning",
        choices=("error", "warning", "info"),
        help="the least severity that makes the exit status 1 (default: warning)",
    )
    command.add_argument("--fix", action="store_true", help="mend what can be mended safely")
    command.add_argument("--unsafe-fixes", action="store_true", help="with --fix: the others too")
    command.add_argument("--diff", action="store_true", help="show what --fix would change")
    command.add_argument(
        "--httpd-version", type=_release, metavar="X", help="tell the holes of that Apache: 2.4.58"
    )
    for name, text in (("--select", "these findings alone"), ("--ignore", "all but these")):
        command.add_argument(
            name, action="append", default=[], metavar="ID", help=f"{text}: ids or beginnings"
        )


def _asking(command: argparse.ArgumentParser) -> None:
    command.add_argument("-X", dest="method", default="GET", metavar="METHOD", help="not GET")
    command.add_argument(
        "-H", dest="fields", action="append", default=[], metavar="'NAME: VALUE'", help="a field"
    )
    command.add_argument("--client", default="192.0.2.1", metavar="IP", help="the client's address")
    command.add_argument("--data", default="", metavar="TEXT", help="the request's body")
    command.add_argument("--tls", action="store_true", help="the request comes by TLS")
    command.add_argument(
        "--response", metavar="FILE", help="what the origin answers: status line, fields, body"
    )
    command.add_argument("-L", dest="follow", action="store_true", help="follow redirects")
    command.add_argument(
        "--format", default="text", choices=("text", "json", "html"), help="default: text"
    )


def _load(options: argparse.Namespace, name: str) -> Loaded:
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


def _run(options: argparse.Namespace) -> int:
    from revproxy.errors import ConfigError
    from revproxy.lint.report import render, write
    from revproxy.plan.plan import Plan
    from revproxy.server.supervisor import StartError, Supervisor

    def load() -> Plan:
        return _load(options, options.file).plan()

    try:
        return Supervisor(load, lambda error: render(error.diagnostics)).run()
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
    except StartError as error:
        print(f"revproxy: {error}", file=sys.stderr)
    return 1


def _lint(options: argparse.Namespace) -> int:
    from revproxy.errors import Severity
    from revproxy.lint.formats import FORMATS
    from revproxy.lint.report import write
    from revproxy.lint.run import ALL_NAMES

    if options.explain:
        return _explain_rule(options.explain.upper())
    if not options.files:
        print("revproxy lint: name a file, or - for standard input", file=sys.stderr)
        return 3
    found = []
    is_readable = True
    for name in options.files:
        kept, is_read = _findings(options, name)
        if (options.fix or options.diff) and _mend(options, kept):
            kept, is_read = _findings(options, name)
        found += kept
        is_readable = is_readable and is_read
        if options.format == "text" and not options.diff:
            write(kept, sys.stdout, names=ALL_NAMES)
    if options.format != "text" and not options.diff:
        sys.stdout.write(FORMATS[options.format](found, ALL_NAMES))
    limit = Severity[options.fail_on.upper()]
    if not is_readable:
        return 2
    return 1 if any(item.severity >= limit for item in found) else 0


def _findings(options: argparse.Namespace, name: str) -> tuple[list[Diagnostic], bool]:
    """What is found, and whether the file could be read."""
    from revproxy.lint.run import lint

    loaded = _load(options, name)
    found = lint(
        loaded,
        select=_ids(options.select),
        ignore=_ids(options.ignore),
        httpd_version=options.httpd_version,
    )
    return found, bool(loaded.configuration.files)


def _mend(options: argparse.Namespace, found: list[Diagnostic]) -> bool:
    """Mend files, or show how; whether any was written."""
    from revproxy.lint.fixes import difference, fixed

    is_written = False
    for name, before, after in fixed(found, unsafe=options.unsafe_fixes):
        if options.diff:
            sys.stdout.write(difference(name, before, after))
        else:
            with open(name.encode("latin-1"), "w", encoding="latin-1", newline="") as file:
                file.write(after)
            is_written = True
    return is_written


def _explain_rule(code: str) -> int:
    from revproxy.lint.pages import explained

    text = explained(code)
    if not text:
        print(f"revproxy lint: there is no finding {code}", file=sys.stderr)
        return 3
    sys.stdout.write(text)
    return 0


def _release(word: str) -> tuple[int, ...]:
    """A release of Apache, as in 2.4.58. Raises ValueError."""
    parts = tuple(map(int, word.split(".")))
    if len(parts) != 3:
        raise ValueError(word)
    return parts


def _ids(values: Sequence[str]) -> list[str]:
    return [word.strip().upper() for value in values for word in value.split(",") if word.strip()]


def _explain(options: argparse.Namespace) -> int:
    from revproxy.errors import ConfigError
    from revproxy.explain.ask import BadRequestError
    from revproxy.explain.chain import asked_by, chain
    from revproxy.explain.text import RENDERERS
    from revproxy.lint.report import write

    try:
        asked = asked_by(options)
        stories = list(chain(_load(options, options.file), asked, follow=options.follow))
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
        return 1
    except (BadRequestError, OSError) as error:
        print(f"revproxy: {error}", file=sys.stderr)
        return 3
    sys.stdout.write(RENDERERS[options.format](stories))
    return 0


def _directives(options: argparse.Namespace) -> int:
    from revproxy.config.catalogue import describe, describe_all
    from revproxy.plan.load import IMPLEMENTED

    if not options.names:
        print(describe_all(IMPLEMENTED))
    status = 0
    for name in options.names:
        text = describe(name, IMPLEMENTED)
        if text:
            print(text)
        else:
            print(f"revproxy: Apache has no directive or module named {name}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
