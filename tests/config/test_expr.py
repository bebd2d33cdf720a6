"""Expressions: what they mean, what is refused and where, and that nothing else can happen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.config.expr import compile_condition, compile_string
from revproxy.config.expr_tokens import ExpressionError
from revproxy.module import Server
from tests.exchanges import make_exchange

HEAD = (
    "GET /a%20b?x=1 HTTP/1.1\r\nHost: t.example:99\r\nX-A: va\r\nX-A: vb\r\nUser-Agent: M/5\r\n\r\n"
)


def exchange(**slots: Any) -> Any:
    made = make_exchange(HEAD, host="t.example", host_port=99, **slots)
    made.server = SimpleNamespace(server=Server(document_root="/srv", admin="a@b"), error_log=None)
    return made


def holds(text: str, **slots: Any) -> bool:
    return compile_condition(text)(exchange(**slots))


def string(text: str, **slots: Any) -> str:
    return compile_string(text)(exchange(**slots))


def nested(depth: int, text: str) -> str:
    return "%{tolower:" * depth + text + "}" * depth


@pytest.mark.parametrize(
    "text",
    [
        "true", "not false", "!!true", "! false && true", "true or false and false", "true||false",
        "\"a\" == 'a'", "'a' = 'a'", "12 == '12'", "012 -eq '12'", "12 eq 12", "-5 -lt 3",
        "'a' < 'b'", "'abc' < 'b'", "'a' <= 'b' || false && false", "10 -ge 9", "! 'a' == 'b'",
        "'9' > '10'", "'b' >= 'b'", "'a' != 'b'", "3 -gt 2", "2 -le 2", "1 ne 2", "'a' -eq 'b'",
        "' 12x' -eq 12", "'0x10' -eq 0", "'99999999999999999999' -eq '9999999999999999999'",
        "'abc' =~ /B/i", "'abc' =~ m#(b)#", "'abc' =~ m|b|", "'abc' =~ m'(b)'", "'abc' =~ m_(b)_",
        "'abc' =~ /(b)/ && 'xyz' =~ /y/ && $0 == 'b'",
        "'abc' =~ /(b)/ && ! ('x' =~ /(y)/) && $1 == ''",
        "'abc' =~ /(b)(z)?/ && $1 == 'b' && $2 == '' && $9 == ''",
        "! ('abc' =~ /b/ && $0 == 'b')", "$0 == ''", "\"$10\" == '0'", "'a' !~ /b/",
        "-n 'x'", "-z ''", "! -n''", "-T 'yes'", "! -T 'Off'", "! -T 'no'", "-T '00'", "! -T ''",
        "'a' -in {'b','a'}", "'ab' in {'b', 'a' . 'b'}", "! 'a' in {'A'}", "12 in {'12',13}",
        "'127.0.0.1' -ipmatch '127.0.0.0/8'", "'10.1.2.3' -ipmatch '10.1'", "-R '192.0.2.0/24'",
        "'10.1.2.3' -ipmatch '10.1.0.0/255.255.0.0'", "! 'xyz' -ipmatch '10.0.0.0/8'",
        "'::1' -ipmatch '::1/128'", "! 'fe80::1' -ipmatch '10.0.0.0/8'",
        "'abc' -strmatch 'a*'", "'a/b' -StrMatch 'a?b'", "! 'ab' -strmatch 'a*?b'",
        "'aBc' -strcmatch 'A?C'", "! 'aBc' -strmatch 'A?C'",
        "'a/b/c' -fnmatch 'a/*/[a-c]'", "! 'a/b/c' -fnmatch 'a/*'", "! 'a/' -fnmatch 'a[/]'",
        "'ab' -fnmatch 'a[!c]'", "'a[b' -fnmatch 'a\\\\[b'", "! 'b' -fnmatch '[z-a]'",
        "%{REMOTE_ADDR} == '192.0.2.7'", "%{remote_addr} == '192.0.2.7'", "%{HTTPS} == 'off'",
        "%{req:X-A} == 'va, vb'", "http('x-a') == 'va, vb'", "%{ENV:FOO} == ''",
        "tolower(\"A\" . 'B') == 'ab'", "'A' . 'B' . 1 == 'AB1'", "1.2 == '12'",
        "\"%{toupper:a%{REQUEST_METHOD}}\" == 'AGET'", "'a\\x\\101' == 'axA'", "'a\\0b' == 'a'",
        "'a\\n\\t' =~ /\\s\\s/", "\"%\" == '%'", "\"$x\" == '$x'",
        "\"it's\" == 'it\\'s'", "(('a' == 'a'))", "'a'=='a'&&'b'=='b'", "'a'=~//",
        "filesize('/nope') == '0'", "-d '/tmp'", "-e '/'", "! -f '/'", "! -s '/'", "-x '/bin/sh'",
        "! -e ''", "! -e 'relative'", "-s '/etc/passwd'", "-L '/proc/self/exe'", "! -h '/'",
        "true || file('/nope') == ''", "%{SERVER_PORT} == 99 and %{SERVER_NAME} == 't.example'",
    ],
)  # fmt: skip
def test_true(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1), ("TRUE", 5), ("NOT false", 5), ("true AND true", 6), ("'a'", 4), ("true)", 5),
        ("(true", 6), ("true false", 6), ("'x' == 'x' == 'x'", 12), ("abc == abc", 5),
        ("\"a", 1), ("'a\\777' == 'a'", 3), ("'\\9' == 'a'", 2), ("'a' =~ /(b/", 8),
        ("'a' =~ /b", 8), ("'a' =~ /b/s", 11), ("'a' =~ 'b'", 8), ("'a' in {}", 9),
        ("%{NOPE} == ''", 3), ("%{ X} == ''", 3), ("%{X", 1),
        ("nope('x') == ''", 1), ("'x' -foo 'y'", 5), ("-q 'x'", 1), ("'a' -EQ 'b'", 5),
        ("'a' in PeerExtList('x')", 8),
        ("-R 'xyz'", 5), ("-R %{REMOTE_ADDR}", 1), ("'1' -ipmatch 10.1", 5),
        ("'1' -ipmatch '10.1/16'", 15), ("'a' == \\", 8), ("1 - 2", 3), ("\"%{tolower:'}\"", 11),
        ("m == 'm'", 3), ("a.b == 'ab'", 2), ("'\n'", 1),
    ],
)  # fmt: skip
def test_mistakes_have_a_column(text: str, column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text)
    assert caught.value.column == column, caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""), ("a %{REQUEST_URI} b", "a /a%20b b"),
        ("%{QUERY_STRING}|%{IS_SUBREQ}", "x=1|false"),
        ("%{DOCUMENT_ROOT}%{SERVER_ADMIN}", "/srva@b"),
        ("%{THE_REQUEST}", "GET /a%20b?x=1 HTTP/1.1"),
        ("%{HTTP_HOST}|%{HTTP_COOKIE}|%{REQUEST_STATUS}", "t.example:99||200"),
        ("%{escape:a b/?&%\xe9;=~#[}", "a%20b/%3f&%25%e9;=~%23%5b"),
        ("%{unescape:a%20b%2Fc+}|%{unescape:%}|%{unescape:%00}", "a b%2Fc+||"),
        ("%{base64:abcd}|%{unbase64:YWJjZA==}|%{unbase64:YWJj!ZA}|%{unbase64:Y}",
         "YWJjZA==|abcd|abc|"),
        ("%{md5:abc}", "900150983cd24fb0d6963f7d28e17f72"),
        ("%{sha1:abc}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("%{ldap:#a*b(c),d=e\xe9 }", "#a\\2ab\\28c\\29\\2cd=e\\e9 "),
        ("a\\tb\\x\\101\\\\|'\"", "a\tbxA\\|'\""), ("$", "$"), ("a$ %", "a$ %"), ("$0|$1", "|"),
        ("%{tolower:A}.'x'", "a.'x'"), ("%{TOLOWER:Ab\xc9}", "ab\xc9"), ("x%{file:/nope}", ""),
        ("%{SCRIPT_FILENAME}%{SCRIPT_USER}%{SCRIPT_GROUP}", ""),
    ],
)  # fmt: skip
def test_strings(text: str, value: str) -> None:
    assert string(text) == value


@pytest.mark.parametrize(
    "text", ["%{tolower:", "%{tolower}", "%{REMOTE_ADDR:x}", "%{nope:x}", "a\\"]
)
def test_strings_that_are_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_string(text)


def test_what_a_string_is_made_of() -> None:
    assert string("%{env:A}%{reqenv:A}%{note:A}", env={"A": "1"}, notes={"A": "2"}) == "212"
    assert string("%{REMOTE_USER}", user="u") == "u"
    assert string("%{SCRIPT_USER}", filename="/") == "root"


def test_a_regex_without_groups_leaves_the_last_match() -> None:
    found, evaluation = compile_condition("'abc' =~ /(b)/ && 'x' =~ /x/").matched(exchange())
    assert found
    assert evaluation.group(1) == "b"


def test_nesting_is_limited_as_in_apache() -> None:
    assert string(nested(18, "X")) == "x"
    assert string(nested(19, "X")) == ""
    assert holds("(" * 19 + "true" + " && true)" * 19)
    assert not holds("(" * 20 + "true" + " && true)" * 20)
    assert holds("(" * 18 + "'a' == 'a'" + " && true)" * 18)
    assert not holds("(" * 19 + "'a' == 'a'" + " && true)" * 19)
    assert holds(" && ".join(["true"] * 50))
    assert holds("!" * 50 + "true")
    assert string("1%{HTTPS}" * 30) == "1off" * 30


def test_a_failure_is_what_the_user_says_and_is_told() -> None:
    told: list[str] = []
    made = exchange(trace=lambda _module, text: told.append(text))
    assert compile_condition("file('/nope') == '' || true", on_failure=True)(made)
    assert not compile_condition("file('/nope') == '' || true")(made)
    assert "Cannot open file /nope" in told[0]


def test_fields_asked_for_are_named_in_vary() -> None:
    made = exchange()
    assert compile_condition("%{HTTP_USER_AGENT} == 'M/5' && req('X-B') == ''")(made)
    assert made.out.get("Vary") == "User-Agent, X-B"
    compile_string("%{HTTP:Accept}")(made)
    compile_condition("%{HTTP:Accept} . %{HTTP_HOST} == ''", vary=False)(made)
    compile_condition("%{req_novary:Z} == %{HTTP_HOST} || req('x') == ''")(made)
    assert made.out.get("Vary") == "User-Agent, X-B, x"


WORDS = st.sampled_from(
    [
        "'a'", '"b%{HTTPS}$1"', "%{", "}", "{", "(", ")", ".", ",", "==", "-eq", "lt", "in", "=~",
        "/a/", "m#(b)#i", "!", "and", "||", "true", "false", "-n", "-R", "-ipmatch", "'10.0.0.0/8'",
        "req(", "%{req:X-A}", "$0", "12", "\\", '"', "'", "%", "-fnmatch", "'['", "not",
        "%{REMOTE_ADDR}", "m",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=255)),
    st.lists(WORDS).map(" ".join),
    st.lists(WORDS).map("".join),
)


def error_at(compiled: Any, text: str) -> int:
    """The column of what is wrong; 0 where the text compiles and can be evaluated."""
    try:
        made = compiled(text)
    except ExpressionError as error:
        return error.column
    assert isinstance(made(exchange()), (str, bool))
    return 0


@given(TEXTS)
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    assert 0 <= error_at(compile_condition, text) <= len(text) + 1


@given(TEXTS)
def test_any_text_is_a_string_or_an_error(text: str) -> None:
    assert 0 <= error_at(compile_string, text) <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "column"),
    [("(" * 5000, 5001), ("!" * 5000 + "true", 0), ('"' + "%{a:" * 5000, 202)],
)
def test_depth_ends_in_an_error_or_an_answer(text: str, column: int) -> None:
    assert error_at(compile_condition, text) == column
