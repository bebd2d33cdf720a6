"""Random patterns and subjects: PCRE2 and we take the same patterns, and find the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from revproxy.errors import HTTPError
from revproxy.pattern import compile_pattern
from tests.pattern.pcre2 import LIBRARY, Pattern, RefusedError

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="needs libpcre2-8")

_TOKENS = [
    *("a", "b", "A", "/", "1", ".", "^", "$", "|", "*", "+", "?", "{2}", "{1,3}", "{,2}", "{0,}"),
    *(
        "(",
        ")",
        "(?:",
        "(?i:",
        "(?=",
        "(?!",
        "(?<=",
        "(?<!",
        "(?>",
        "(?<n>",
        "(?P<p>",
        "(?|",
        "(?^:",
    ),
    *(
        "[ab]",
        "[^a]",
        "[[:alpha:]]",
        "[[:^digit:]]",
        "[a-f0-9]",
        r"[\w-]",
        r"[\d-z]",
        "[]a]",
        "[^\\n]",
    ),
    *(
        r"\d",
        r"\w",
        r"\s",
        r"\W",
        r"\h",
        r"\v",
        r"\R",
        r"\b",
        r"\B",
        r"\A",
        r"\z",
        r"\Z",
        r"\H",
        r"\V",
    ),
    *(r"\1", r"\2", r"\k<n>", r"\g{-1}", "(?P=p)", "(?R)", "(?1)", "(?&n)", "(*FAIL)", "(?(1)"),
    *("(?i)", "(?-i)", "(?s)", "(?-s)", "(?m)", "(?x)", "(?im-s:", "(?#x)", "*+", "++", "?+", "*?"),
    *(
        r"\Qa.b\E",
        r"\x41",
        r"\x{62}",
        r"\101",
        r"\n",
        r"\e",
        r"\cA",
        r"\08",
        r"\18",
        r"\G",
        r"\K",
        r"\X",
    ),
    *("\n", " ", "#", "\xe9", r"\.", r"\/", "-", "]", "}", "{", r"\p{L}", r"\P{Lu}"),
]
_SUBJECTS = ["a", "b", "A", "B", "/", "1", "\n", " ", ".", "\xe9", "f", "-", "#", "\x85", "\t"]


def _closed(tokens: list[str]) -> str:
    """The tokens with their parentheses in pairs."""
    depth = 0
    parts: list[str] = []
    for token in tokens:
        if token == ")" and depth == 0:
            continue
        depth += token.startswith("(") and not token.endswith(")")
        depth -= token == ")"
        parts.append(token)
    return "".join(parts) + ")" * depth


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=8).map(_closed),
    st.lists(st.lists(st.sampled_from(_SUBJECTS), max_size=6).map("".join), min_size=1, max_size=4),
    st.booleans(),
)
def test_the_same_is_found(text: str, subjects: list[str], ignore_case: bool) -> None:
    try:
        theirs = Pattern(text, ignore_case=ignore_case)
    except RefusedError:
        with pytest.raises(ValueError, match="could not be compiled"):
            compile_pattern(text, ignore_case=ignore_case)
        return
    reason = ""
    try:
        ours: re.Pattern[str] | None = compile_pattern(text, ignore_case=ignore_case)
    except ValueError as error:
        reason = str(error)
        ours = None
    if ours is None:
        assert any(known in reason for known in _NOT_HELD)
        return
    for subject in subjects:
        try:
            expected = theirs.search(subject)
            match = ours.search(subject)
        except (RefusedError, HTTPError):
            # Recursion without end.
            assume(False)
        else:
            assert expected == (None if match is None else (match[0], *match.groups()))


_NOT_HELD = ("is not supported", "open group", "fixed length", "character class here")
