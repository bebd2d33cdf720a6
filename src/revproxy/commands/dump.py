"""`revproxy lint --dump`: what a configuration comes to, instead of what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from revproxy.commands.reading import load

if TYPE_CHECKING:
    from revproxy.plan.load import Loaded

DUMPS: Final = ("vhosts", "modules", "includes", "config")
"""What --dump names."""


def dump(options: argparse.Namespace, targets: Sequence[tuple[str, str | None]]) -> int:
    """Print it for each file; 1 where a configuration has errors, which are told too."""
    from revproxy.errors import ConfigError, Severity
    from revproxy.lint.report import readable, write

    if options.format not in ("text", "json"):
        print("revproxy lint: --dump is printed as text or as json", file=sys.stderr)
        return 3
    if options.url and options.dump != "config":
        print("revproxy lint: --url goes with --dump config", file=sys.stderr)
        return 3
    status = 0
    for name, root in targets:
        loaded = load(options, name, server_root=root)
        errors = [item for item in loaded.diagnostics if item.severity is Severity.ERROR]
        try:
            lines, data = _told(options, loaded)
        except ConfigError:
            lines, data = (), {}
        except ValueError as error:
            print(f"revproxy lint: {error}", file=sys.stderr)
            return 3
        if options.format == "text":
            sys.stdout.writelines(f"{readable(line)}\n" for line in lines)
        elif data:
            print(json.dumps(data, indent=2))
        if errors:
            write(errors, sys.stderr)
            status = 1 if loaded.configuration.files else 2
    return status


def _told(options: argparse.Namespace, loaded: Loaded) -> tuple[Iterable[str], Mapping[str, Any]]:
    """What was asked for, as lines and as data. Raises ConfigError, ValueError."""
    from revproxy.dump import config, hosts, includes, modules

    if options.dump == "vhosts":
        return hosts.as_text(loaded), hosts.as_data(loaded)
    if options.dump == "modules":
        return modules.as_text(loaded), modules.as_data(loaded)
    if options.dump == "includes":
        return includes.as_text(loaded), includes.as_data(loaded)
    if not options.url:
        return config.all_text(loaded), config.all_data(loaded)
    from revproxy.dump.request import effective
    from revproxy.explain.ask import Asked, explain

    story = explain(loaded, Asked(options.url))
    found = effective(loaded, story.host_place, story.sections)
    host = story.host or "the main server"
    title = f"# {options.url} at {host}: {story.host_reason}"
    return (title, *config.as_text(found)), {"url": options.url, **config.as_data(found)}
