"""Reading and checking never raise, whatever the bytes; words go through quoting and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from revproxy.config.catalogue import catalogue
from revproxy.config.check import check
from revproxy.config.grammar import parse_line
from revproxy.config.lines import Source, logical_lines
from revproxy.config.merge import merge
from revproxy.config.read import read_text
from revproxy.lint.report import render

PIECES = st.sampled_from(
    [
        "<VirtualHost *:80>", "</VirtualHost>", "<IfModule mod_proxy.c>", "<IfModule !x>",
        "</IfModule>", "<Macro M $a @b>", "</Macro>", "Use M 1 2", "Use M", "UndefMacro M",
        "Define X y", "Define X ${X}${X}", "UnDefine X", "${X}", "${", "}", "$a", "@b",
        "<Location /a>", "</Location>", "<Location ~ (>", "<Else>", "</Else>", "<If x>", "</If>",
        "Include /nonexistent/*", "IncludeOptional x", "Error x", "LoadModule proxy_module x",
        "LoadModule", "ServerRoot /", "<IfVersion >= 2.4>", "</IfVersion>", "<IfVersion ~ (>",
        "<IfDefine X>", "</IfDefine>", "<Limit GET>", "</Limit>", "KeepAlive On",
        "ProxyPass / http://b/", "Header set", '"', "'", "\\", "\\\n", "\n", "\n", "\r\n", " ",
        "<", ">", "</", "#", "\0", "\xef\xbb\xbf", "\xff",
    ]
)  # fmt: skip


def examine(text: bytes) -> None:
    configuration = read_text(text, environ={"X": "1"})
    findings = [
        *configuration.diagnostics,
        *check(configuration, catalogue(), frozenset(catalogue().directives)),
        *merge(configuration, [])[2],
    ]
    for finding in findings:
        assert finding.location is not None
        assert 1 <= finding.location.column <= finding.location.end_column
        assert finding.location.end_column <= len(finding.location.source) + 1
    render(findings)


@given(st.binary())
def test_any_bytes_are_read(text: bytes) -> None:
    examine(text)


@given(st.lists(PIECES).map("".join))
def test_any_lines_are_read(text: str) -> None:
    examine(text.encode("latin-1"))


WORD = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\n\r\0"), min_size=1)


@given(st.lists(WORD, min_size=1), st.sampled_from("\"'"))
def test_quoted_words_come_back(words: list[str], quote: str) -> None:
    quoted = [word.replace("\\", "\\\\").replace(quote, f"\\{quote}") for word in words]
    text = " ".join(f"{quote}{word}{quote}" for word in quoted)
    (line,) = logical_lines(Source("f", f"Name {text}"))
    assert [word.text for word in parse_line(line).args] == words


@given(st.lists(WORD, min_size=1))
def test_words_stand_where_they_say(words: list[str]) -> None:
    for line in logical_lines(Source("f", "Name " + " ".join(words))):
        for word in parse_line(line).args:
            place = word.location
            written = place.source[place.column - 1 : place.end_column - 1]
            bare = written.replace("\\\\", "\\")
            assert word.text == bare or written[0] in "\"'"
