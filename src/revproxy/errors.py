"""What can go wrong, and how it is told.

Laws:
- A mistake in a configuration is a `Diagnostic`; all of a file's are in one `ConfigError`.
- A request that cannot be served is an `HTTPError` with the status Apache gives.
- A failure on the way to or from an origin is an `OriginError`, never a bare `OSError`.

Text of the configuration is held as Latin-1 `str`, one character an octet, as Apache sees it;
columns count octets. Only the reports (lint/report.py) turn it into readable characters.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import field

from revproxy.records import dataclass


class Severity(enum.IntEnum):
    """How bad a finding is; greater is worse."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a configuration file: 1-based line and column, `end_column` exclusive.

    `source` is the physical line as it stands in the file. `via` is the `Include` or `Use`
    that brought the text here, so a chain of them leads back to the file named first.
    """

    file: str
    line: int
    column: int = 1
    end_column: int = 0
    source: str = ""
    via: Location | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of a line and what stands there instead; None takes the whole line away."""

    location: Location
    text: str | None


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend a finding; a safe one leaves what the file means as it is."""

    edits: tuple[Edit, ...]
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about a configuration: what, where, and the way out (`hint`)."""

    code: str
    severity: Severity
    location: Location | None
    message: str
    hint: str = ""
    related: tuple[tuple[Location, str], ...] = field(default=())
    fix: Fix | None = None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.severity}: {self.message} [{self.code}]"


class ConfigError(Exception):
    """A configuration that must not run; carries every finding, in file order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class DirectiveError(Exception):
    """A directive that a module cannot accept; the caller adds the place.

    `argument` is the 0-based index of the word at fault, None for the whole directive. `location`
    is set where the mistake stands in a line below the directive's.
    """

    def __init__(
        self,
        message: str,
        *,
        argument: int | None = None,
        hint: str = "",
        location: Location | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.hint = hint
        self.location = location


class NotThereError(DirectiveError):
    """A file or directory that is not on this machine, where the server must find it."""


class UnimplementedError(DirectiveError):
    """What Apache accepts and revproxy does not serve."""


class HTTPError(Exception):
    """A request ends with this status (RFC 9110, section 15) and its error document.

    `reason` replaces the standard reason phrase, `detail` is printed in the canned page and the
    error log. `close` tells that the client's connection cannot be used for another request.
    `is_first`: what went wrong before, on the way to an error's document, does not count any more.
    """

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        reason: str | None = None,
        close: bool = False,
        allow: str | None = None,
        is_first: bool = False,
    ) -> None:
        super().__init__(f"{status} {detail}".rstrip())
        self.is_first = is_first
        self.status = status
        self.detail = detail
        self.reason = reason
        self.close = close
        self.allow = allow
        """The methods Allow names, for 405 and 501; None where no handler said."""


class InternalRedirect(Exception):  # noqa: N818 - Apache's name, and no error
    """A request shall be served as another path of this server, its method and body kept.

    `path` is read as one that a client sent: escapes in it are decoded.
    """

    def __init__(self, path: str, query: str | None) -> None:
        super().__init__(path)
        self.path = path
        self.query = query


class OriginError(HTTPError):
    """The origin could not be reached or did not answer as HTTP; `status` is the client's."""
