"""The tables in the file are those of the grammar, and are run as Lark runs them."""

import functools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, Token

from revproxy.config import tables as module
from revproxy.config.grammar import scan
from revproxy.config.tables import grammar, tables, written


@functools.cache
def by_lark() -> Lark:
    return grammar()


def test_the_file_holds_the_tables_of_the_grammar():
    path = Path(module.__file__).with_name("httpd_conf.json")
    assert path.read_text("utf-8") == written(), "run python -m revproxy.config.tables"


def test_what_begins_a_line_is_known_in_the_first_state():
    assert {"NAME", "OPEN", "CLOSE", "QUOTED"} <= tables().moves[0].keys()


PIECES = st.sampled_from(
    ["<", "</", ">", '"', "'", "\\", " ", "\t", "\x0b", "a", "Name", "\xa0", "\0", "$", "#", "\r"]
)


@given(st.lists(PIECES | st.characters(max_codepoint=0xFF), min_size=1).map("".join))
def test_a_line_is_taken_apart_as_by_lark(text: str):
    if not text.strip(" \t\n\r\x0b\x0c"):
        return
    tree = by_lark().parse(text)
    kind, tokens = scan(text)
    assert kind == tree.data
    wanted = [
        (token.type, token.start_pos, token.end_pos)
        for token in tree.children
        if isinstance(token, Token)
    ]
    assert tokens == wanted
