"""`revproxy lint`: tell what is wrong with configurations, and mend it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from revproxy.commands.dump import DUMPS, dump
from revproxy.commands.reading import add_reading, load

if TYPE_CHECKING:
    from revproxy.errors import Diagnostic
    from revproxy.plan.load import Loaded


def add(commands: Any) -> None:
    """Add the command."""
    lint = commands.add_parser(
        "lint",
        help="tell what is wrong with configurations",
        description="""Tell what is wrong with configurations: all that Apache's own -t says, at
once, and what it does not say: open proxies, rules that never match, redirects that leak origins.

Nothing has to be on this machine but the files themselves; --strict asks for the rest. A directory
with apache2.conf or httpd.conf is a server's and read from there; of any other, all *.conf files
are read but those that another one includes. `# revproxy: ignore RP204 (reason)` on the line above
takes a finding away.""",
        examples=(
            ("revproxy lint httpd.conf", "all findings, with the line and a way out"),
            ("revproxy lint /etc/apache2 --strict", "a server's directory, on the server itself"),
            ("revproxy lint --fix --diff httpd.conf", "what could be mended, and how"),
            ("revproxy lint --select RP1,RP2 --fail-on error *.conf", "some findings alone"),
            ("revproxy lint --explain RP204", "what a finding means"),
            ("revproxy lint --format sarif httpd.conf > lint.sarif", "for other programs"),
            ("revproxy lint --template roles/web/templates", "ERB, Jinja, Go templates, @NAME@"),
            ("revproxy lint --httpd-version 2.4.49 httpd.conf", "known holes of that Apache"),
            ("revproxy lint --dump vhosts httpd.conf", "the virtual hosts, as apache2ctl -S"),
            (
                "revproxy lint --dump config --url http://www.example.com/app httpd.conf",
                "every line that is in force for that URL, and where it stands",
            ),
        ),
    )
    lint.add_argument(
        "files", nargs="*", metavar="FILE", help="a configuration or a directory, - for stdin"
    )
    lint.add_argument("--explain", metavar="ID", help="print what a finding means, and exit")
    lint.add_argument(
        "--dump", choices=DUMPS, help="print what the configuration comes to, not what is wrong"
    )
    lint.add_argument("--url", metavar="URL", help="with --dump config: what is in force there")
    add_reading(lint)
    _choosing(lint)
    lint.set_defaults(run=_lint)


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
    command.add_argument(
        "--strict",
        action="store_true",
        help="files, directories and host names must be there, on this machine",
    )
    command.add_argument(
        "--template", action="store_true", help="tolerate ERB, Jinja, Go templates, @NAME@"
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


def _lint(options: argparse.Namespace) -> int:
    from revproxy.errors import Severity
    from revproxy.lint.report import write
    from revproxy.lint.run import ALL_NAMES

    if options.explain:
        return _explain_rule(options.explain.upper())
    if not options.files:
        print("revproxy lint: name a file, or - for standard input", file=sys.stderr)
        return 3
    targets = _targets(options)
    if not targets:
        print("revproxy lint: no configuration is there (*.conf)", file=sys.stderr)
        return 3
    if options.dump:
        return dump(options, targets)
    found: list[Diagnostic] = []
    is_readable = True
    for target in targets:
        kept, is_read = _findings(options, target)
        if (options.fix or options.diff) and _mend(options, kept):
            kept, is_read = _findings(options, target)
        # What two files include is told once.
        kept = [item for item in kept if item not in found]
        found += kept
        is_readable = is_readable and is_read
        if options.format == "text" and not options.diff:
            write(kept, sys.stdout, names=ALL_NAMES)
    if options.format != "text" and not options.diff:
        from revproxy.lint.formats import FORMATS

        sys.stdout.write(FORMATS[options.format](found, ALL_NAMES))
    limit = Severity[options.fail_on.upper()]
    if not is_readable:
        return 2
    return 1 if any(item.severity >= limit for item in found) else 0


def _targets(options: argparse.Namespace) -> list[tuple[str, str | None]]:
    """The files to read, each with the ServerRoot that its directory is for it."""
    from revproxy.config.read import read_file
    from revproxy.lint.files import files_in

    targets: list[tuple[str, str | None]] = []
    for name in options.files:
        if not os.path.isdir(name):
            targets.append((name, None))
            continue
        root = os.path.abspath(name)
        files, is_server = files_in(name, template=options.template)
        included: set[str] = set()
        for file in files if not is_server else ():
            reads = read_file(file, server_root=options.server_root or root).reads
            included |= {os.path.abspath(read.name) for read in reads if read.depth}
        targets += ((file, root) for file in files if os.path.abspath(file) not in included)
    return targets


def _findings(
    options: argparse.Namespace, target: tuple[str, str | None]
) -> tuple[list[Diagnostic], bool]:
    """What is found, and whether the file could be read."""
    name, root = target
    if options.template:
        return _findings_of_template(options, name, root)
    loaded = load(options, name, server_root=root)
    return _lint_one(options, loaded), bool(loaded.configuration.files)


def _findings_of_template(
    options: argparse.Namespace, name: str, root: str | None
) -> tuple[list[Diagnostic], bool]:
    from revproxy.lint.run import UNUSED_IGNORE
    from revproxy.lint.template import Filling

    filling = Filling()
    loaded = load(options, name, prepare=filling, server_root=root)
    found = _lint_one(options, loaded)
    if filling.has_alternatives:
        again = load(options, name, prepare=Filling(last=True), server_root=root)
        others = _lint_one(options, again)
        # A comment is of use if it is so for one of the alternatives.
        found = [item for item in found if item.code != UNUSED_IGNORE or item in others]
        found += (item for item in others if item.code != UNUSED_IGNORE and item not in found)
    return found, bool(loaded.configuration.files)


def _lint_one(options: argparse.Namespace, loaded: Loaded) -> list[Diagnostic]:
    from revproxy.lint.run import lint

    return lint(
        loaded,
        select=_ids(options.select),
        ignore=_ids(options.ignore),
        httpd_version=options.httpd_version,
        strict=options.strict,
        template=options.template,
    )


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
