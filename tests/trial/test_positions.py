"""Positions of a TOML document: every key and value that tomllib finds, where it stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.trial.positions import Path, Positions

DOCUMENT = '''# A comment with "quotes" and [brackets].
config = 'a.conf' # behind
"quoted.key" . b = """
[[case]]
name = "not a table" """
numbers = [1, 2.5, # two
  [ "x", 'y,]' ], { a = 1, "b c".d = [] },]
when = 1979-05-27 07:32:00
[defaults]
client = "192.0.2.1"
[[case]]
name = "a\\"b"
expect.header."X-A" = { matches = "}" }
[case.request]
url = "u"
[[case]]
"ключ" = \'\'\'it's\'\'\'
[[case.more]]
[[case.more]]
z = true
'''


def paths(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    items: Any = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, value in items:
        yield (*path, key), value
        yield from paths(value, (*path, key))


def test_each_key_and_value_has_its_place():
    found = Positions(DOCUMENT)
    for path, value in paths(tomllib.loads(DOCUMENT)):
        if isinstance(path[-1], str):
            start, end = found.keys[path]
            assert DOCUMENT[start:end].strip("\"'") == path[-1]
        if not isinstance(value, dict | list):
            start, end = found.values[path]
            assert tomllib.loads(f"a = {DOCUMENT[start:end]}")["a"] == value


def test_a_table_of_an_array_stands_at_its_header():
    found = Positions(DOCUMENT)
    start, end = found.keys["case", 1]
    assert DOCUMENT[start:end] == "[[case]]"
    assert DOCUMENT.count("\n", 0, start) == 15


KEYS = st.sampled_from(["a", "b-1", '"q.x"', "'l'", "a.b", '"\\u0041".c'])
SCALARS = st.one_of(
    st.integers().map(str),
    st.sampled_from(
        ["true", '"a # b"', "'c]'", '"""x\n"y" """', "'''\n[t]\n'''", "1e3", "07:32:00"]
    ),
    st.sampled_from(['"\\""', '"""\\\\"""', '""', "''", '"""a""""']),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[ {' , '.join(items)} ]"),
        st.lists(inner, max_size=3).map(
            lambda items: "[\n" + "".join(f"{i}, # n\n" for i in items) + "]"
        ),
        st.dictionaries(st.sampled_from(["x", "y.z", '"w"']), inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}"
        ),
    ),
    max_leaves=6,
)
LINES = st.lists(
    st.one_of(
        st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}  # c"),
        st.sampled_from(["", "# x = 1", "[t]", "[[l]]", "[ l . m ]", "[[ l.n ]]"]),
    ),
    max_size=8,
)


@given(LINES)
def test_random_documents(lines: list[str]):
    text = "\n".join(lines)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    found = Positions(text)
    for path, value in paths(data):
        if isinstance(path[-1], str):
            assert path in found.keys
        if not isinstance(value, dict | list):
            start, end = found.values[path]
            assert tomllib.loads(f"a = {text[start:end]}")["a"] == value


@pytest.mark.parametrize("text", ["", "\n", "# only\n", "a=1"])
def test_little_documents(text: str):
    assert len(Positions(text).values) == len(tomllib.loads(text))
