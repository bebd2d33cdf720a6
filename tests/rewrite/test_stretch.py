"""Stretches: what one regex rules out is what the patterns, one by one, do not match."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from revproxy.pattern import compile_pattern
from revproxy.rewrite.stretch import stretches

PATTERNS = [
    *(r"\.x$", "(x|y)z", "x|y", "[xy]+$", "(?i)q$", "l$"),
    *("^/old/([a-z]+)$", "^/a(b|c)/", "^/[(|)]x", r"^/\(x", "^/(x)(?:y)z", "^/q{2}", "^/$"),
    *("^/a|b", "^/(.*)$", "^", "a$", r"^/(.)\1", "^/(?i)a", "^/(?=a)", "^/(?P<n>a)", "^/[]|]a"),
]
LISTS = st.lists(st.tuples(st.sampled_from(PATTERNS), st.booleans()), max_size=12)
SUBJECTS = st.text("/abcoldqxyz(|)]", max_size=8).map(lambda text: f"/{text}")


@given(LISTS, SUBJECTS)
def test_the_first_pattern_that_matches(written: list[tuple[str, bool]], subject: str) -> None:
    patterns = []
    for text, ignores_case in written:
        try:
            patterns.append(compile_pattern(text, ignore_case=ignores_case))
        except ValueError:
            continue
    for start, stretch in stretches(patterns).items():
        matching = [
            index
            for index in range(start, stretch.behind)
            if patterns[index].search(subject) is not None
        ]
        expected = matching[0] if matching else stretch.behind
        if not patterns[start].pattern.startswith("^") and matching:
            expected = start
        assert stretch.first(subject) == expected


def test_patterns_that_match_nearly_all_end_a_stretch() -> None:
    patterns = [compile_pattern(text) for text in ("^/a", "^/b", "^/c", "^/(.*)$", "^/d")]
    (stretch,) = stretches(patterns).values()
    assert (stretch.start, stretch.behind) == (0, 3)


def test_a_few_rules_are_tried_one_by_one() -> None:
    assert not stretches([compile_pattern("^/a"), compile_pattern("^/b"), None])
