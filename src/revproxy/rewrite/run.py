"""What a rule set knows while it runs: Apache's `r->filename` and `r->args` as they change.

Laws:
- A run belongs to one request and one rule set; the request is changed only when the run is over,
  but for its environment and cookies, which later rules see.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from revproxy.errors import Location
from revproxy.http.message import Exchange
from revproxy.module import Server


class Tell(Protocol):
    """Takes a message, with the line it is about and whether that acted."""

    def __call__(
        self, message: str, location: Location | None = None, *, acted: bool = True
    ) -> None: ...


class Source(Protocol):
    """The rule that a name comes from."""

    def begins_with(self, path: str) -> bool:
        """The rule's author wrote this beginning of a file's name, or does not mind it."""


class Run:
    """The state of one pass through a rule set."""

    __slots__ = (
        "args",
        "base",
        "condition_match",
        "exchange",
        "filename",
        "has_prefix",
        "last",
        "log",
        "passes_through",
        "path_info",
        "place",
        "prefix",
        "reduced",
        "rule_match",
        "server",
        "status",
        "tell",
        "vary",
        "vary_this",
    )

    def __init__(self, exchange: Exchange, server: Server, filename: str) -> None:
        self.exchange = exchange
        self.server = server
        self.filename = filename
        """What the rules look at and change."""
        self.args = exchange.query
        """The query string as it stands now."""
        self.passes_through = False
        """The flag PT: the result is a URL path that is mapped on."""
        self.path_info = ""
        """What stands behind a file's name, which per-directory rules see too."""
        self.place = ""
        """The directory of the section that the rules stand in, "" for a server's."""
        self.prefix: str | None = None
        """The directory of per-directory rules; None in a server, "" where nothing is cut off."""
        self.base: str | None = None
        """RewriteBase of per-directory rules."""
        self.rule_match: re.Match[str] | None = None
        """Where $0 to $9 come from."""
        self.condition_match: re.Match[str] | None = None
        """Where %0 to %9 come from."""
        self.vary: list[str] = []
        self.vary_this: list[str] = []
        self.status = 0
        """The status a rule has chosen, 0 for none."""
        self.has_prefix = False
        """The last rule's result was relative and stands below the directory or the root."""
        self.last: Source | None = None
        """The last rule that changed the name."""
        self.reduced = False
        """An absolute URL of our own was cut to its path."""
        self.tell: Tell | None = None
        """Where `explain` is told of decisions; None where nobody listens."""
        self.log: Callable[[int, str], None] | None = None
        """The error log, for what is done at a level of trace; None where nobody listens."""

    def subject(self) -> str:
        """What patterns are tried on."""
        if self.prefix is None:
            return self.filename
        return (self.filename + self.path_info).removeprefix(self.prefix)

    def url_path(self, subject: str) -> str:
        """A subject as a path that can be looked up."""
        if self.prefix is None or subject.startswith("/"):
            return subject
        return (self.base or self.prefix) + subject


Part: TypeAlias = Callable[[Run], str]
