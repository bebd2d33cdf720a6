"""The choice: what the measures are worth, and that nothing unacceptable is chosen."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from revproxy.negotiation.accept import Wishes, parse_ranges, read_wishes
from revproxy.negotiation.choose import choose
from revproxy.negotiation.variant import Variant
from revproxy.negotiation.wanted import Policy
from tests.exchanges import fields


def variant(name: str, kind: str = "text/html", language: str = "", **facts: object) -> Variant:
    made = Variant(name, languages=(language,) if language else (), length=10)
    made.set_type(kind)
    for key, value in facts.items():
        setattr(made, key, value)
    return made


def best(
    variants: list[Variant],
    wishes: Wishes,
    policy: Policy | None = None,
    env: dict[str, str] | None = None,
) -> str | None:
    choice = choose(variants, wishes, policy or Policy(), env or {}, lambda it: it.length or -1)
    return None if choice.best is None else choice.best.name


def test_the_measures_in_their_order() -> None:
    html = Wishes(parse_ranges("text/html, text/plain;q=0.9"))
    assert best([variant("t", "text/plain"), variant("h")], html) == "h"
    german = Wishes(languages=parse_ranges("de, en;q=0.5"))
    assert best([variant("e", language="en"), variant("d", language="de")], german) == "d"
    either = [variant("e", language="en"), variant("d", language="de")]
    assert best(either, Wishes(), Policy(("de", "en"))) == "d"
    gzip = Wishes(encodings=parse_ranges("gzip"))
    assert best([variant("p"), variant("z", encoding="x-gzip")], gzip) == "z"
    assert best([variant("p"), variant("z", encoding="br")], gzip) == "p"
    assert best([variant("long", length=11), variant("short")], Wishes()) == "short"
    assert best([variant("a"), variant("b")], Wishes()) == "a"
    assert best([], Wishes()) is None


def test_a_language_that_is_not_wanted() -> None:
    french = Wishes(languages=parse_ranges("fr"))
    english = [variant("e", language="en")]
    assert best(english, french) is None
    falls_back = Policy(("en",), prefers=False, falls_back=True)
    assert best([variant("e", language="en")], french, falls_back) == "e"
    assert best([variant("e", language="en")], french, Policy(("de",), falls_back=True)) is None


def test_the_environment_prefers_a_language() -> None:
    made = [variant("e", language="en"), variant("d", language="de")]
    english = Wishes(languages=parse_ranges("en"))
    assert best(made, english, env={"prefer-language": "de"}) == "d"
    made = [variant("e", language="en"), variant("d", language="de")]
    assert best(made, english, env={"prefer-language": "fr"}) == "e"


def test_the_environment_rules_encodings_out() -> None:
    gzip = Wishes(encodings=parse_ranges("gzip, identity;q=0.1"))
    for env, name in (
        ({}, "z"),
        ({"no-gzip": "1"}, "p"),
        ({"gzip-only-text/html": "1"}, "p"),
        ({"gzip-only-text/html": "0"}, "z"),
    ):
        made = [variant("p", "text/css"), variant("z", "text/css", encoding="gzip")]
        assert best(made, gzip, env=env) == name


def test_rvsa_lists_what_is_not_definite() -> None:
    table = fields(Negotiate="1.0", Accept="text/*")
    choice = choose([variant("h")], read_wishes(table, transparent=True), Policy(), {}, lambda _: 1)
    assert choice.best is not None
    assert choice.is_list
    table.set("Accept", "text/html")
    choice = choose([variant("h")], read_wishes(table, transparent=True), Policy(), {}, lambda _: 1)
    assert not choice.is_list


TYPES = st.sampled_from(("text/html", "text/html;level=3", "text/plain;qs=0.7", "image/png", "a/b"))
LANGUAGES = st.sampled_from(("", "en", "de", "en-us", "fr"))
ENCODINGS = st.sampled_from((None, "gzip", "x-gzip", "br", "identity"))
VARIANTS = st.lists(st.tuples(TYPES, LANGUAGES, ENCODINGS, st.integers(1, 3)), max_size=5)
QUALITIES = st.sampled_from(("", ";q=0", ";q=0.5", ";q=0.501", ";q=1"))


def lists(*names: str) -> st.SearchStrategy[str | None]:
    item = st.tuples(st.sampled_from(names), QUALITIES).map("".join)
    return st.none() | st.lists(item, max_size=4).map(", ".join)


ACCEPTS = lists("*/*", "text/*", "text/html", "text/html;level=3", "image/png", "*")
ACCEPTED = st.tuples(
    ACCEPTS,
    lists("*", "en", "de", "en-us", "en-gb"),
    lists("*", "utf-8", "iso-8859-1"),
    lists("*", "gzip", "x-gzip", "identity"),
)


@given(VARIANTS, ACCEPTED, st.booleans())
def test_what_is_chosen_is_acceptable(
    made: list[tuple[str, str, str | None, int]],
    accepted: tuple[str | None, ...],
    transparent: bool,
) -> None:
    wishes = Wishes(*(parse_ranges(text) for text in accepted))
    if transparent:
        wishes = dataclasses.replace(wishes, by_rvsa=True, strict=True)
    variants = [
        variant(str(at), kind, language, encoding=encoding, length=length)
        for at, (kind, language, encoding, length) in enumerate(made)
    ]
    choice = choose(variants, wishes, Policy(("en",)), {}, lambda it: it.length or -1)
    if choice.best is None:
        assert choice.is_list
        return
    found = choice.best
    assert found in variants
    worths = (found.type_quality, found.source_quality, found.charset_quality)
    assert all((*worths, found.encoding_quality, found.language_quality))
