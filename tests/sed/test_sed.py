"""sed's commands; what Apache does with them stands in the oracle's cases."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.sed.machine import MOST, Machine, TooMuch
from revproxy.sed.regex import compile_basic
from revproxy.sed.script import parse_script


def edit(text: str, *lines: str, size: int = 1 << 16) -> str:
    prints, commands = parse_script(lines)
    machine = Machine(prints, commands)
    data = text.encode("latin-1")
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return (b"".join(map(machine.feed, pieces)) + machine.finish()).decode("latin-1")


SCRIPTS = [
    ["s/a/b/g"], ["2d"], ["$d"], ["/b/,/c/d"], ["2,3s/^/>/"], ["$!N;P;D"], ["$!N;s/\\n/+/"],
    ["1!G;h;$!d"], ["n;d"], ["/a/!s/$/!/"], ["y/abc/bca/"], ["=" ], ["2q"], ["/c/{s/c/d/;p;}"],
    [":x", "s/aa/a/", "tx"], ["x;G"], ["s/\\(.\\)\\(.\\)/\\2\\1/2"], ["2,1s/./x/"], ["#n", "$p"],
    ["2a\\\nnew"], ["2i\\\nnew"], ["2,3c\\\nnew"], ["H;x;s/\\n/,/g"], ["/b/b;s/./#/"],
]  # fmt: skip


@given(
    st.sampled_from(SCRIPTS), st.lists(st.text("abc", max_size=4), max_size=6), st.integers(1, 9)
)
def test_scripts_do_what_sed_does(script: list[str], lines: list[str], size: int) -> None:
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(
        ["sed", "\n".join(script)],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert edit(text, *script, size=size) == done.stdout


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("k", "Unrecognized command: k"),
        ("s/a/b", "without its end"),
        ("s/a", "without its end"),
        ("s/\\(/b/", "unterminated subpattern"),
        ("}", "Too many }'s"),
        ("{", "Too many {'s"),
        ("b nowhere", "Undefined label: nowhere"),
        ("y/ab/c/", "not of one length"),
        ("r /etc/passwd", "not implemented"),
        ("w /tmp/x", "not implemented"),
        ("s/a/b/w /tmp/x", "not implemented"),
        ("1,d", "a range without its end"),
        ("s//x/", "no expression to be used again"),
    ],
)
def test_what_is_wrong_is_said(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_script([line])


def test_a_script_cannot_run_for_ever() -> None:
    with pytest.raises(TooMuch):
        edit("a\n", ":x", "bx")
    with pytest.raises(TooMuch):
        edit("a\n", ":x", "s/.*/&&/", "tx")
    with pytest.raises(TooMuch):
        edit("x" * (MOST + 1), "p")


@given(st.text(r"ab*\(){}[]^$.1+?|", max_size=12))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    try:
        compile_basic(text)
    except ValueError:
        return
