"""Patterns that may take long: a limit of time where a subject is long enough for that.

Laws:
- A short subject is searched by `re`, whose work is then bounded by its length; a longer one, and
  what `re` cannot hold, by `regex`, which gives up in time.
- A search that is given up ends the request: 500. That nothing was found must not be believed,
  where access depends on it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, Final

from revproxy.errors import HTTPError
from revproxy.pattern.translate import Translation

_STEPS: Final = 1_000_000
"""What a search may cost without a limit: some milliseconds."""
_SECONDS: Final = 0.25


def longest_of(found: Translation) -> int | None:
    """The longest subject without a limit: its length to the power of the pattern's degree."""
    if found.runs_away:
        return 0
    if found.degree < 2:
        return None
    return int(_STEPS ** (1 / found.degree))


class Limited:
    """A pattern with the methods of `re.Pattern` that are needed of it."""

    def __init__(
        self,
        source: str,
        translated: str,
        flags: int,
        compiled: re.Pattern[str] | None,
        *,
        longest: int,
    ) -> None:
        self.source = source
        self.pattern = translated
        self.flags = flags
        self.longest = longest
        self._compiled = compiled
        known: Any = self._slow if compiled is None else compiled
        self.groups: int = known.groups
        self.groupindex: dict[str, int] = dict(known.groupindex)

    @functools.cached_property
    def _slow(self) -> Any:
        # It takes a while to load, and few configurations need it.
        import regex

        options = regex.V0 | regex.ASCII
        if self.flags & re.DOTALL:
            options |= regex.DOTALL
        if self.flags & re.IGNORECASE:
            options |= regex.IGNORECASE
        try:
            return regex.compile(self.pattern, options)
        except regex.error as error:
            raise ValueError(str(error)) from None

    def search(self, text: str) -> Any:
        """As `re.Pattern.search`. Raises HTTPError 500 in time."""
        if len(text) <= self.longest:
            return self._compiled.search(text)  # type: ignore[union-attr]
        return self._in_time(self._slow.search, text)

    def fullmatch(self, text: str) -> Any:
        """As `re.Pattern.fullmatch`. Raises HTTPError 500 in time."""
        if len(text) <= self.longest:
            return self._compiled.fullmatch(text)  # type: ignore[union-attr]
        return self._in_time(self._slow.fullmatch, text)

    def sub(self, replace: Callable[[Any], str], text: str, count: int = 0) -> str:
        """As `re.Pattern.sub`. Raises HTTPError 500 in time."""
        return self.subn(replace, text, count)[0]

    def subn(self, replace: Callable[[Any], str], text: str, count: int = 0) -> tuple[str, int]:
        """As `re.Pattern.subn`. Raises HTTPError 500 in time."""
        if len(text) <= self.longest:
            return self._compiled.subn(replace, text, count)  # type: ignore[union-attr]
        found: tuple[str, int] = self._in_time(self._slow.subn, replace, text, count)
        return found

    def _in_time(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments, timeout=_SECONDS)
        except TimeoutError:
            text = f"the pattern '{self.source}' takes too long for what it was tried on"
            raise HTTPError(500, text) from None
