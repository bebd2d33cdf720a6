"""SSLRequire's expressions, written as those of `Require expr`.

The old language has one set of operators for texts and numbers: `eq` is `==`, and `<` compares
lengths first, which makes it right for numbers.
"""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|%\{[^}]*\}|(?<=\s)m([^\w\s]).*?\1i?|(?<=\s)/.*?/i?'
    r"|(?<![-\w])(?P<word>eq|ne|lt|le|gt|ge)(?!\w)|(?P<sign>[<>]=?)",
    re.DOTALL,
)
_OPERATORS: Final = {
    "eq": "==", "ne": "!=", "lt": "-lt", "le": "-le", "gt": "-gt", "ge": "-ge",
    "<": "-lt", "<=": "-le", ">": "-gt", ">=": "-ge",
}  # fmt: skip


def as_expression(text: str) -> str:
    """The expression in the new language; strings, regexes and variables stay as they are."""

    def replaced(match: re.Match[str]) -> str:
        operator = match["word"] or match["sign"]
        return match[0] if operator is None else f" {_OPERATORS[operator]} "

    return _TOKEN.sub(replaced, text)
