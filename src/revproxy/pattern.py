"""Regular expressions of the configuration, as Apache's PCRE has them.

Laws:
- Subjects and patterns are Latin-1 `str`: one character an octet, classes are ASCII's.
- Unanchored, case-sensitive; `.` matches a newline and `$` only the very end, as
  RegexDefaultOptions (DOTALL DOLLAR_ENDONLY) has it since 2.5; in 2.4 neither is default.
- A pattern that would mean something else here is an error at load, never a silent difference.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Pattern: TypeAlias = re.Pattern[str]

_POSIX_CLASSES = {
    "[:alnum:]": "a-zA-Z0-9",
    "[:alpha:]": "a-zA-Z",
    "[:blank:]": r" \t",
    "[:cntrl:]": r"\x00-\x1f\x7f",
    "[:digit:]": "0-9",
    "[:graph:]": r"\x21-\x7e",
    "[:lower:]": "a-z",
    "[:print:]": r"\x20-\x7e",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:space:]": r"\s",
    "[:upper:]": "A-Z",
    "[:word:]": r"\w",
    "[:xdigit:]": "0-9A-Fa-f",
}


def compile_pattern(text: str, *, ignore_case: bool = False) -> Pattern:
    """The pattern as a compiled regex. Raises ValueError with the reason where it is not one."""
    for name, chars in _POSIX_CLASSES.items():
        if name in text:
            text = text.replace(name, chars)
    try:
        return re.compile(text, re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError) as error:
        raise ValueError(f"Regular expression could not be compiled: {error}") from error
