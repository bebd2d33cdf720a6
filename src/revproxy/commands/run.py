"""`revproxy run`: serve what a configuration says."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from revproxy.commands.reading import add_reading, load


def add(commands: Any) -> None:
    """Add the command."""
    run = commands.add_parser(
        "run",
        help="serve what a configuration says",
        description="""Serve what a configuration says, in the foreground, until SIGTERM or SIGINT.

SIGHUP and SIGUSR1 read the configuration again: a file that is wrong is refused and told about, and
the old one goes on. SIGWINCH stops when the last request is done.""",
        examples=(
            ("revproxy run -f httpd.conf", "serve in the foreground"),
            ("revproxy run -f httpd.conf -D SSL", "with <IfDefine SSL> sections"),
            ("revproxy run -f site.conf -C 'Listen 8080'", "a snippet needs a port to listen at"),
        ),
    )
    run.add_argument("-f", dest="file", required=True, metavar="FILE", help="the configuration")
    add_reading(run)
    run.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from revproxy.errors import ConfigError
    from revproxy.lint.report import render, write
    from revproxy.plan.plan import Plan
    from revproxy.server.supervisor import StartError, Supervisor

    def planned() -> Plan:
        return load(options, options.file).plan()

    try:
        return Supervisor(planned, lambda error: render(error.diagnostics)).run()
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
    except StartError as error:
        print(f"revproxy: {error}", file=sys.stderr)
    return 1
