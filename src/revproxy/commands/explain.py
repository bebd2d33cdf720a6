"""`revproxy explain`: tell what a configuration does to a request."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from revproxy.commands.reading import add_reading, load


def add(commands: Any) -> None:
    """Add the command."""
    explain = commands.add_parser(
        "explain",
        help="tell what a configuration does to a request",
        description="""Run a request through the server that would serve it, without a network, and
tell the story: the virtual host and why, the sections, each rule that was tried, the request that
the origin gets, and what becomes of its answer. What is explained is what is served.""",
        examples=(
            ("revproxy explain httpd.conf http://www.example.com/app/", "a GET"),
            ("revproxy explain httpd.conf https://a.test/ -H 'Cookie: a=b' -X POST", "more of it"),
            ("revproxy explain httpd.conf http://a.test/ -L", "and where its redirects lead"),
            (
                "revproxy explain httpd.conf http://a.test/ --response answer.txt",
                "with what the origin answers: status line, fields, an empty line, body",
            ),
            (
                "revproxy explain httpd.conf http://a.test/ --format html > story.html",
                "a page to look at",
            ),
        ),
    )
    explain.add_argument("file", metavar="FILE", help="a configuration, - for stdin")
    explain.add_argument("url", metavar="URL", help="what is asked: http://host/path")
    add_reading(explain)
    _asking(explain)
    explain.set_defaults(run=_explain)


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


def _explain(options: argparse.Namespace) -> int:
    from revproxy.config.codes import NOT_THERE
    from revproxy.errors import ConfigError
    from revproxy.explain.ask import BadRequestError
    from revproxy.explain.chain import asked_by, chain
    from revproxy.explain.text import RENDERERS
    from revproxy.lint.report import write

    try:
        asked = asked_by(options)
        loaded = load(options, options.file)
        stories = list(chain(loaded, asked, follow=options.follow))
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
        return 1
    except (BadRequestError, OSError) as error:
        print(f"revproxy: {error}", file=sys.stderr)
        return 3
    # What a server would miss is no reason not to tell the rest.
    absent = [item for item in loaded.diagnostics if item.code == NOT_THERE]
    if absent:
        write(absent, sys.stderr)
    sys.stdout.write(RENDERERS[options.format](stories))
    return 0
