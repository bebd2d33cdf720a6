"""`revproxy directives`: show what a directive is and does here."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add(commands: Any) -> None:
    """Add the command."""
    directives = commands.add_parser(
        "directives",
        help="show what a directive is and does here",
        description="Show what a directive of Apache is, where it stands, and what is done here.",
        examples=(
            ("revproxy directives ProxyPass", "one directive"),
            ("revproxy directives mod_rewrite", "all of a module"),
            ("revproxy directives", "every module, and how much of it is served"),
        ),
    )
    directives.add_argument("names", nargs="*", metavar="NAME", help="a directive or a module")
    directives.set_defaults(run=_directives)


def _directives(options: argparse.Namespace) -> int:
    from revproxy.config.catalogue import describe, describe_all
    from revproxy.plan.load import implemented

    if not options.names:
        print(describe_all(implemented()))
    status = 0
    for name in options.names:
        text = describe(name, implemented())
        if text:
            print(text)
        else:
            print(f"revproxy: Apache has no directive or module named {name}", file=sys.stderr)
            status = 1
    return status
