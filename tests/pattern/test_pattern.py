"""Patterns mean what they mean in PCRE."""

from __future__ import annotations

import math

import pytest

from revproxy.errors import HTTPError
from revproxy.pattern import compile_pattern, longest_subject, remembering


@pytest.mark.parametrize(
    ("pattern", "subject", "found"),
    [
        ("^/a(.*)$", "/ab", "/ab"),
        (r"(?<site>\w+)/x", "one/x", "one/x"),
        ("(?'q'.)\\k'q'", "abb", "bb"),
        (r"(.)\g1", "abb", "bb"),
        (r"(?<c>.)\g{c}", "abb", "bb"),
        ("[[:alpha:]]+", "12ab3", "ab"),
        ("[^[:digit:].]", "1.x", "x"),
        ("[]a]+", "b]a", "]a"),
        ("[^]a]", "]ab", "b"),
        ("[a[b]+", "x[ab", "[ab"),
        ("[a&&b]+", "x&&", "&&"),
        (r"\Qa.b\E+", "a.bb", "a.bb"),
        (r"a\z", "ba", "a"),
        (r"a\Z", "a\n", "a"),
        (r"a$|b", "a", "a"),
        (r"[$]", "$", "$"),
        (r"\$", "$", "$"),
        (r"a.$", "a\n", "a\n"),
        (r"(?m)^a$", "b\na\nc", "a"),
        (r"\x{41}", "A", "A"),
        (r"\h", "a\tb", "\t"),
        ("a++b", "aab", "aab"),
        ("(?>a+)b", "aab", "aab"),
        ("(?i)A", "a", "a"),
        (r"\-\/\#\ ", "-/# ", "-/# "),
        ("\xe9", "caf\xe9", "\xe9"),
        (r"a{2}", "aa", "aa"),
    ],
)
def test_matches(pattern: str, subject: str, found: str) -> None:
    match = compile_pattern(pattern).search(subject)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize("pattern", ["^a$", r"a\N", "^a(?:$|b)"])
def test_a_line_feed_at_the_end_counts(pattern: str) -> None:
    assert compile_pattern(pattern).search("a\n") is None


def test_case_is_that_of_ascii() -> None:
    pattern = compile_pattern("\xe9[a-z]", ignore_case=True)
    assert pattern.search("\xe9Z")
    assert not pattern.search("\xc9z")


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "[a", "a**", "(?<1>a)", r"(?=\K)", r"\p{Greek}", "(*COMMIT)", "[[:nope:]]", "\\"),
        *(
            ")",
            "*a",
            "a{3,2}",
            "a{70000}",
            "[b-a]",
            r"[a-\d]",
            r"\1",
            r"\k<n>",
            "(?1)",
            "(a",
            r"\i",
        ),
        *(
            "(?<=a+)b",
            r"(?<n>a)(?<n>b)\k<n>",
            "a{2}{3}",
            r"^*",
            "[[.a.]]",
            r"\x{100}",
            r"\L",
            "(a\\1)",
        ),
        *("(?(1)a|b|c)", "(?(2)a)", "(?J)a", "(*UTF)a", "(" * 3000),
    ],
)
def test_what_cannot_be_held_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="could not be compiled"):
        compile_pattern(pattern)


def test_subjects_are_remembered_within_bounds() -> None:
    pattern = compile_pattern("(bot|spider)[0-9]+")
    search = remembering(pattern)
    for number in [*range(600), *range(600)]:
        found = search(f"a bot{number}")
        assert found is not None
        assert found[0] == f"bot{number}"
        assert search("a browser") is None
    assert search("x" * 1000 + "bot1") is not None
    assert remembering(compile_pattern("(bot|spider)[0-9]+")) is search


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        *(("^/a", math.inf), ("^/(.*)$", math.inf), ("(.*)", math.inf), ("/$", math.inf)),
        *((r"\.html$", math.inf), ("^[a-z]+$", math.inf), ("^(?:ab)*$", math.inf)),
        *(
            ("^(.*)/(.*)$", 1000),
            ("([^/]+)$", 1000),
            (r"(\w+)\.(\w+)", 99),
            ("^(?:a|b)*$", math.inf),
        ),
        *(("^(a+)+$", 0), ("(a|a)*$", 0), ("^(a?b?)*$", 0), ("(?R)?", -1), (r"a\Kb", -1)),
        *(("^(?:/[^/]+)*$", 0), ("a?" * 20, 0), ("^(a{1,50}b{1,50})$", 1000)),
    ],
)
def test_what_may_take_long_has_a_limit(pattern: str, longest: float) -> None:
    assert longest_subject(compile_pattern(pattern)) == longest


def test_a_search_that_takes_too_long_ends_the_request() -> None:
    pattern = compile_pattern("^(([a-z])+.)+[A-Z]([a-z])+$")
    assert pattern.search("a" * 8) is None
    match = pattern.search("abCd")
    assert match is not None
    assert match.groups() == ("ab", "a", "d")
    with pytest.raises(HTTPError, match="takes too long"):
        pattern.search("a" * 2000)
    with pytest.raises(HTTPError, match="takes too long"):
        pattern.sub("", "a" * 2000)
    assert pattern.fullmatch("abCd") is not None


def test_long_subjects_are_searched_all_the_same() -> None:
    pattern = compile_pattern("^(.*)/(.*)[.]html$")
    for length in (10, 5000):
        match = pattern.search(f"/{'a' * length}.html")
        assert match is not None
        assert len(match[2]) == length
        assert pattern.search("/" + "a" * length) is None
        assert pattern.subn(lambda match: match[1], f"/{'a' * length}.html") == ("", 1)
