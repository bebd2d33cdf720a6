"""The levels that one request goes through: its virtual host and the sections that cover it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from revproxy.config.merge import Section, ServerConfig, inherit, merge_access_file
from revproxy.config.read import read_access_file
from revproxy.dump.config import Effective
from revproxy.errors import Location
from revproxy.plan.load import Loaded


def effective(loaded: Loaded, host: Location | None, sections: Sequence[Location]) -> Effective:
    """What is in force in the virtual host that stands at `host`, in the sections at these places.

    Raises OSError for an access file that is gone.
    """
    config = _host_at(loaded, host)
    whole = loaded.main if config is None else inherit(loaded.main, config)
    known = {section.directive.location: section for section in _all(whole)}
    found = [known.get(location) or _access_file(loaded, location) for location in sections]
    return Effective(loaded, config, found)


def _host_at(loaded: Loaded, place: Location | None) -> ServerConfig | None:
    if place is None:
        return None
    for host in loaded.hosts:
        assert host.directive is not None
        there = host.directive.location
        if (there.file, there.line) == (place.file, place.line):
            return host
    return None


def _all(server: ServerConfig) -> Iterator[Section]:
    lists = (server.directories, server.files, server.locations, server.proxies, server.ifs)
    for sections in lists:
        yield from _below(sections)


def _below(sections: Iterable[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _below(section.children)


def _access_file(loaded: Loaded, location: Location) -> Section:
    read = read_access_file(location.file, loaded.configuration)
    return merge_access_file(read, loaded.modules, os.path.dirname(location.file), None)[0]
