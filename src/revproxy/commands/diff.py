"""`revproxy diff`: what two configurations say and answer differently.

Exit status: 0 the same, 1 different, 2 a file cannot be read, 3 wrong usage.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revproxy.commands.reading import add_reading, load, say

if TYPE_CHECKING:
    from revproxy.difference.report import Answers
    from revproxy.difference.requests import Requests
    from revproxy.errors import Diagnostic
    from revproxy.plan.load import Loaded

_HELP = """Tell what two configurations say differently: includes and macros are seen through, and
the order of lines counts only where it can matter. With --requests, tell which requests they would
answer differently, and how. Exit status: 0 the same, 1 different, 2 a file cannot be read, 3 wrong
usage."""


def add(commands: Any) -> None:
    """Add the command."""
    diff = commands.add_parser(
        "diff",
        help="tell what two configurations do differently",
        description=_HELP,
        examples=(
            ("revproxy diff old.conf new.conf", "the lines that mean something else"),
            (
                "revproxy diff old.conf new.conf --requests access.log --base https://www.test",
                "and the requests of a log that would be answered differently",
            ),
            (
                "revproxy diff a.conf b.conf --requests urls.txt --answers-only --format json",
                "the answers alone, for a program",
            ),
        ),
    )
    diff.add_argument("first", metavar="A", help="a configuration, - for stdin")
    diff.add_argument("second", metavar="B", help="another one")
    add_reading(diff)
    diff.add_argument(
        "--requests", metavar="FILE", help="URLs, one a line, or an access log; - for stdin"
    )
    diff.add_argument(
        "--base", metavar="URL", help="what the paths of an access log stand below (default: by A)"
    )
    diff.add_argument(
        "--response", metavar="FILE", help="what the origin answers: status line, fields, body"
    )
    diff.add_argument(
        "--answers-only", action="store_true", help="let the requests alone decide, not the lines"
    )
    diff.add_argument("--format", default="text", choices=("text", "json"), help="default: text")
    diff.set_defaults(run=_diff)


def _diff(options: argparse.Namespace) -> int:
    from revproxy.errors import ConfigError
    from revproxy.explain.ask import BadRequestError
    from revproxy.lint.report import write

    try:
        _check(options)
        return 1 if _differ(options) else 0
    except ConfigError as error:
        write(error.diagnostics, sys.stderr)
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"revproxy: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except BadRequestError as error:
        print(f"revproxy diff: {error}", file=sys.stderr)
        return 3


def _check(options: argparse.Namespace) -> None:
    """Refuse options that go not together. Raises BadRequestError."""
    from revproxy.explain.ask import BadRequestError, request_url

    if (options.first, options.second, options.requests).count("-") > 1:
        raise BadRequestError("standard input can be read once")
    if options.answers_only and not options.requests:
        raise BadRequestError("--answers-only needs --requests")
    if options.base:
        try:
            request_url(options.base)
        except BadRequestError as error:
            raise BadRequestError(f"--base: {error}") from None


def _differ(options: argparse.Namespace) -> bool:
    """Tell what differs; whether anything does. Raises ConfigError, BadRequestError, OSError."""
    from revproxy.difference.compare import compare
    from revproxy.difference.report import as_data, as_text
    from revproxy.errors import ConfigError

    first, second = load(options, options.first), load(options, options.second)
    for loaded in (first, second):
        if any(_forbids(item) for item in loaded.diagnostics):
            raise ConfigError(loaded.diagnostics)
    answers = _ask(options, first, second) if options.requests else None
    found = None
    if not options.answers_only:
        found = compare(first.configuration, second.configuration)
    if options.format == "json":
        print(json.dumps(as_data(found, answers), indent=2))
    else:
        say(as_text(found, answers))
    return bool(found) or (answers is not None and bool(answers.different))


def _forbids(item: Diagnostic) -> bool:
    """A mistake of the file; what it names need not be there."""
    from revproxy.config.codes import NOT_THERE
    from revproxy.errors import Severity

    return item.severity is Severity.ERROR and item.code != NOT_THERE


def _ask(options: argparse.Namespace, first: Loaded, second: Loaded) -> Answers:
    """Ask both. Raises ConfigError for a list that is wrong, BadRequestError, OSError."""
    from revproxy.difference.answers import compare
    from revproxy.difference.report import Answers
    from revproxy.explain.ask import PLAYED, Explainer
    from revproxy.explain.played import read_response

    response: bytes | None = PLAYED
    if options.response:
        response = read_response(Path(options.response).read_bytes())
    requests = _requests(options, first)
    explainers = Explainer(first), Explainer(second)
    found = []
    for asked, count in requests.asked:
        whole = dataclasses.replace(asked, response=response)
        different = compare(*explainers, whole, count)
        if different is not None:
            found.append(different)
    return Answers(requests, found)


def _requests(options: argparse.Namespace, loaded: Loaded) -> Requests:
    from revproxy.difference.requests import base_of, read_requests
    from revproxy.errors import ConfigError

    name = options.requests
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    requests = read_requests(name, data, options.base or base_of(loaded.configuration))
    if requests.problems:
        raise ConfigError(requests.problems)
    return requests
