"""`revproxy run`: serve what a configuration says."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from revproxy.commands.reading import add_reading, load


def add(commands: Any) -> None:
    """Add the command."""
    run = commands.add_parser("run", help="serve what a configuration says")
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
