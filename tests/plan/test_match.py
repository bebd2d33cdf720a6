"""Names and paths are found as walking the lists would find them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.plan.match import NameTable, PathTable, path_wildcard, url_wildcard

names = st.text("ab.", min_size=1, max_size=4)
aliases = st.text("ab.*?", min_size=1, max_size=4)


def alias_matches(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(alias_matches(pattern[1:], name[index:]) for index in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and alias_matches(pattern[1:], name[1:])


@given(st.lists(aliases, max_size=6), names)
def test_the_first_name_in_order_wins(known: list[str], name: str) -> None:
    table: NameTable[int] = NameTable(-1)
    for order, alias in enumerate(known):
        table.add(order, alias, order)
    walked = next(
        (
            order
            for order, alias in enumerate(known)
            if alias_matches(alias.removesuffix("."), name)
        ),
        None,
    )
    assert table.find(name) == walked


segments = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3)


@given(st.lists(st.tuples(segments, st.booleans()), max_size=6), st.tuples(segments, st.booleans()))
def test_every_location_that_covers_a_path_is_found(
    known: list[tuple[list[str], bool]], wanted: tuple[list[str], bool]
) -> None:
    def path(parts: list[str], slash: bool) -> str:
        return "/" + "/".join(parts) + ("/" if slash and parts else "")

    table: PathTable[int] = PathTable()
    for index, item in enumerate(known):
        table.add(index, path(*item), None)
    subject = path(*wanted)
    expected = [
        index
        for index, item in enumerate(known)
        if subject == path(*item)
        or (path(*item).endswith("/") and subject.startswith(path(*item)))
        or subject.startswith(path(*item) + "/")
    ]
    assert table.find(subject) == expected


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/b/c", False),
        ("/*/end", "/x/end", True),
        ("/a?", "/ab", True),
        ("/a?", "/a/", False),
        ("/[ab]", "/b", True),
        ("/[!ab]", "/b", False),
        ("/[z-a]", "/[z-a]", True),
        ("/[]a]", "/]", True),
        (r"/\*", "/*", True),
        (r"/\*", "/a", False),
    ],
)
def test_wildcards_of_paths_stop_at_slashes(pattern: str, path: str, matches: bool) -> None:
    assert path_wildcard(pattern)(path) is matches


def test_wildcards_of_urls_cross_slashes() -> None:
    assert url_wildcard("http://*/x")("http://a/b/x")
    assert not url_wildcard("http://*/x")("http://a/b/y")
