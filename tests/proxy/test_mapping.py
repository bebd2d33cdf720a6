"""ProxyPass tables: the index gives what walking the list would give."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.http.uri import prefix_length
from revproxy.pattern import compile_pattern
from revproxy.proxy.http1 import is_switched_off
from revproxy.proxy.mapping import Mapping, ProxyPass, match_entry

paths = st.lists(st.sampled_from(["a", "b", "ab", ""]), max_size=4).map("/".join).map("/{}".format)


@given(st.lists(paths, max_size=6), paths)
def test_the_index_finds_what_walking_finds(prefixes: list[str], path: str) -> None:
    entries = [ProxyPass(prefix, f"http://o/{i}") for i, prefix in enumerate(prefixes)]
    walked = next(
        (match for entry in entries if (match := match_entry(entry, path, path)) is not None), None
    )
    assert Mapping(entries).find(path, path) == walked


@pytest.mark.parametrize(
    ("path", "prefix", "length"),
    [
        ("/a", "/a", 2),
        ("/a/x", "/a", 2),
        ("/ab", "/a", 0),
        ("/a", "/a/", 0),
        ("/a/x", "/a/", 3),
        ("/a//x", "/a/", 4),
        ("//a/x", "/a", 3),
        ("/x", "/", 1),
        ("/", "/a", 0),
    ],
)
def test_prefixes_match_by_segment(path: str, prefix: str, length: int) -> None:
    assert prefix_length(path, prefix) == length


PIECES = st.lists(st.sampled_from(("/", "a", "b", "/a", "//", "")), max_size=6).map("".join)


@given(PIECES, PIECES)
def test_a_prefix_covers_whole_segments(path: str, prefix: str) -> None:
    """As `alias_match` says: slashes in a row are one, and what covers ends with a segment."""
    pattern = re.sub("/{2,}", "/", prefix).replace("/", "/+")
    match = re.match(pattern if prefix.endswith("/") else f"{pattern}(?=/|$)", path)
    assert prefix_length(path, prefix) == (match.end() if match is not None and prefix else 0)


def test_file_order_decides_between_prefixes_and_patterns() -> None:
    entries = [
        ProxyPass("/a/no", None),
        ProxyPass("^/a/(x+)", "http://o/$1", pattern=compile_pattern("^/a/(x+)")),
        ProxyPass("/a", "http://o/a"),
        ProxyPass("/a/never", "http://o/never"),
    ]
    table = Mapping(entries)

    def target(path: str) -> str | None:
        match = table.find(path, path)
        assert match is not None
        return None if match.entry.target is None else match.base + match.rest

    assert target("/a/no/x") is None
    assert target("/a/xx") == "http://o/xx"
    assert target("/a/never/y") == "http://o/a/never/y"
    assert table.find("/b", "/b") is None


def test_nocanon_keeps_the_path_as_it_was_sent() -> None:
    entry = ProxyPass("/a", "http://o", nocanon=True)
    match = match_entry(entry, "/a/b c", "/a/b%20c")
    assert match is not None
    assert match.rest == "/b%20c"


def test_servlet_paths_keep_their_parameters() -> None:
    entry = ProxyPass("/s", "http://o/s", servlet=True)
    for path, rest in (("/s;v=1/a;x/b", ";v=1/a;x/b"), ("/s/a/..;y/b", "/b"), ("/s", "")):
        match = match_entry(entry, path, path)
        assert match is not None
        assert match.rest == rest
    assert match_entry(entry, "/st", "/st") is None


@pytest.mark.parametrize(
    ("status", "off"), [("D", True), ("+D", True), ("+D-D", False), ("-S+H", False), ("+HS", True)]
)
def test_status_switches_a_worker_off(status: str, off: bool) -> None:
    assert is_switched_off(status) is off
