"""Header and RequestHeader, with the outcomes that Apache 2.4.71 showed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import DirectiveError, HTTPError
from revproxy.http.fields import Fields
from revproxy.http.message import Exchange
from revproxy.module import Scope, ScopeKind, Server
from revproxy.modules.mod_headers import MODULE
from tests.exchanges import hook, lines_of, make_exchange, merged, parse


def table(*lines: str) -> Fields:
    result = Fields()
    for line in lines:
        result.add(*line.split(": ", 1))
    return result


def respond(exchange: Exchange, *lines: str) -> None:
    hook(MODULE, "insert_filter", *lines)(exchange)[0].start(exchange)


def out_after(start: list[str], *lines: str) -> list[str]:
    exchange = make_exchange(out=table(*start))
    respond(exchange, *lines)
    return lines_of(exchange.out)


@pytest.mark.parametrize(
    ("start", "line", "expected"),
    [
        (["X-Foo: a", "B: b", "X-FOO: c"], "Header set x-foo new", ["X-Foo: new", "B: b"]),
        (["B: b"], "Header set x-foo new", ["B: b", "x-foo: new"]),
        (["X-Foo: a", "X-FOO: c"], "Header append x-foo new", ["X-Foo: a, new", "X-FOO: c"]),
        ([], "Header append x-foo new", ["x-foo: new"]),
        (["X-Foo: "], "Header append x-foo new", ["X-Foo: , new"]),
        (["X-Foo: a, new"], "Header merge x-foo new", ["X-Foo: a, new"]),
        (["X-Foo: a, new;q=1"], "Header merge x-foo new", ["X-Foo: a, new;q=1, new"]),
        (['X-Foo: a, "new"'], "Header merge x-foo new", ['X-Foo: a, "new", new']),
        (["X-Foo: new"], "Header merge x-foo NEW", ["X-Foo: new, NEW"]),
        (["X-Foo: x,a, b"], 'Header merge x-foo "a, b"', ["X-Foo: x,a, b, a, b"]),
        (["X-Foo: a", "X-Foo: new"], "Header merge x-foo new", ["X-Foo: a, new", "X-Foo: new"]),
        (["X-Foo: a"], "Header add x-foo new", ["X-Foo: a", "x-foo: new"]),
        (["X-Foo: "], "Header setifempty x-foo new", ["X-Foo: "]),
        ([], "Header setifempty x-foo new", ["x-foo: new"]),
        (["X-Foo: a", "B: b", "x-foo: c"], "Header unset X-foo:", ["B: b"]),
        (["X-Foo: aa", "B: b"], "Header edit x-foo a (b)", ["B: b", "X-Foo: (b)a"]),
        (["X-Foo: a", "B: b"], "Header edit x-foo zz b", ["B: b", "X-Foo: a"]),
        (["X-Foo: aa", "x-foo: xax"], "Header edit* x-foo a y", ["X-Foo: yy", "x-foo: xyx"]),
        (["X-Foo: aabb"], "Header edit* x-foo ^a X", ["X-Foo: XXbb"]),
        (["X-Foo: aa"], "Header edit* x-foo a$ X", ["X-Foo: aX"]),
        (["X-Foo: aa"], 'Header edit x-foo ".*" ""', ["X-Foo: "]),
        (["X-Foo: ab"], "Header edit* x-foo x* -", ["X-Foo: -a-b"]),
        (
            ["X-Foo: aabb"],
            r'Header edit x-foo (a)(.) "<$2$1$0&$9\$1\\1$$>"',
            ["X-Foo: <aaaa&$11$$>bb"],
        ),
        ([], r'Header set A "a\tb\\c\\\\d\qe"', ["A: a\tb\\c\\d\\qe"]),
        ([], 'Header set A "50%%%{a}e%"', ["A: 50%(null)%"]),
        ([], "Header set A %%{a}e", ["A: %{a}e"]),
        ([], 'Header set B "  lead"', ["B:   lead"]),
    ],
)
def test_an_edit_of_the_normal_table(start: list[str], line: str, expected: list[str]) -> None:
    assert out_after(start, line) == expected


def test_the_same_table_twice_gives_the_same() -> None:
    # The second time comes from the batch's memory.
    edit = hook(MODULE, "insert_filter", "Header set A 1", "Header unset B", "Header append C 2")
    source = table("B: x", "C: y").items
    for _ in range(2):
        exchange = make_exchange()
        exchange.out.items = source
        edit(exchange)[0].start(exchange)
        assert lines_of(exchange.out) == ["C: y, 2", "A: 1"]


def test_a_batch_does_not_grow_without_bound() -> None:
    edit = hook(MODULE, "insert_filter", "Header set A 1")
    for number in range(2000):
        exchange = make_exchange(out=table(f"N: {number}"))
        edit(exchange)[0].start(exchange)
        assert lines_of(exchange.out) == [f"N: {number}", "A: 1"]


NAMES = st.sampled_from(["A", "a", "B", "C"])
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "add", "append", "merge", "setifempty", "unset", "edit"]),
        NAMES,
        st.sampled_from(["1", "2"]),
    ),
    min_size=1,
    max_size=6,
)


@given(EDITS, st.lists(st.tuples(NAMES, st.sampled_from(["1", "2", "1, 2"])), max_size=4))
def test_a_batch_does_what_its_edits_do_in_turn(
    edits: list[tuple[str, str, str]], start: list[tuple[str, str]]
) -> None:
    lines = [
        f"Header {action} {name}" + {"unset": "", "edit": f" {value} 3"}.get(action, f" {value}")
        for action, name, value in edits
    ]
    at_once, in_turn = (
        make_exchange(),
        make_exchange(trace=lambda _module, _text, _location=None: None),
    )
    for exchange in (at_once, in_turn):
        exchange.out = table(*(f"{name}: {value}" for name, value in start))
        respond(exchange, *lines)
    assert lines_of(at_once.out) == lines_of(in_turn.out)


def test_values_from_the_exchange() -> None:
    exchange = make_exchange(env={"AA": "va\r\nX: y"})
    respond(exchange, 'Header set A "%t|%D|%l|%i|%b|%{AA}e|%{NO}e|%{HTTPS}s"')
    received, elapsed, load, idle, busy, *rest = lines_of(exchange.out)[0][3:].split("|")
    assert received == f"t={exchange.started // 1000}"
    assert elapsed.startswith("D=")
    assert load.count("/") == 2
    assert (idle, busy) == ("i=100", "b=0")
    assert rest == ["va  X: y", "(null)", "(null)"]


def test_always_runs_first_and_on_its_own_table() -> None:
    exchange = make_exchange(out=table("X: origin"))
    respond(exchange, "Header set Y a", "Header always set X b", "Header always unset Y")
    assert lines_of(exchange.err) == ["X: b"]
    assert lines_of(exchange.out) == ["X: origin", "Y: a"]


def test_an_error_page_gets_always_alone() -> None:
    exchange = make_exchange(generated=True)
    respond(exchange, "Header set X y", "Header always set Y z", "Header onsuccess set Z z")
    assert lines_of(exchange.err) == ["Y: z"]
    assert lines_of(exchange.out) == []


def test_outer_sections_come_first() -> None:
    settings = merged(MODULE, ("Header set A 1", "Header append A 3"), ("Header append A 2",))
    exchange = make_exchange()
    MODULE.hooks["insert_filter"](settings, Server())(exchange)[0].start(exchange)
    assert lines_of(exchange.out) == ["A: 1, 3, 2"]


def test_conditions() -> None:
    exchange = make_exchange(env={"AA": ""})
    respond(
        exchange,
        "Header set X a env=AA",
        "Header set Y a env=NO",
        "Header set Z a ENV=!NO",
        "Header unset X env=NO",
    )
    assert lines_of(exchange.out) == ["X: a", "Z: a"]


def test_expressions_as_values_and_conditions() -> None:
    lines = (
        'Header set X "expr=%{REQUEST_METHOD}"',
        'Header edit Y b "expr=[%{tolower:%{REQUEST_METHOD}}$0]"',
        "Header set A yes \"expr=-n req('Host') && resp('Y') == '[get]c'\"",
        "Header set B yes \"expr=-z req('Host')\"",
        "Header set C yes \"expr=-n req('X-No') || true\"",
        "Header set D yes \"expr=file('/nope') == ''\"",
    )
    assert out_after(["Y: bc"], *lines) == [
        *("X: GET", "Y: [get]c", "A: yes", "Vary: X-No", "C: yes", "D: yes"),
    ]


def test_echo_and_note() -> None:
    exchange = make_exchange(
        "GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\n\r\n", out=table("X-A: resp")
    )
    respond(exchange, "Header note x-a seen", "Header note none other", "Header echo ^X-")
    assert lines_of(exchange.out) == ["X-A: resp", "X-A: 1, 3"]
    assert exchange.notes == {"seen": "resp"}


def test_request_fields() -> None:
    exchange = make_exchange(
        "GET / HTTP/1.1\r\nHost: h\r\nX-FOO: a\r\nX-foo: aa\r\nB: xx\r\nC: c\r\n"
        "User-Agent: q\r\n\r\n"
    )
    hook(
        MODULE,
        "fixups",
        "RequestHeader set A b",
        "RequestHeader unset User-Agent",
        "RequestHeader append x-foo z",
        "RequestHeader edit X-foo a b",
        "RequestHeader edit* B x y",
        "RequestHeader merge C c",
        "RequestHeader setifempty D d",
        "RequestHeader add x-foo p",
    )(exchange)
    assert lines_of(exchange.fields) == [
        "Host: h",
        "C: c",
        "A: b",
        "X-FOO: b, aa, z",
        "B: yy",
        "D: d",
        "x-foo: p",
    ]


def test_early_runs_at_server_level_only() -> None:
    exchange = make_exchange()
    lines = ("RequestHeader set A b early", "Header set B c early", "Header always set C d early")
    hook(MODULE, "post_read", *lines)(exchange)
    assert lines_of(exchange.fields)[1:] == ["A: b"]
    assert lines_of(exchange.out) == ["B: c"]
    assert lines_of(exchange.err) == ["C: d"]
    settings = parse(MODULE, *lines, scope=Scope(ScopeKind.LOCATION, "/"))
    assert MODULE.hooks["insert_filter"](settings, Server()) is None
    assert MODULE.hooks["fixups"](settings, Server()) is None


@pytest.mark.parametrize("phase", ["post_read", "fixups", "insert_filter"])
def test_nothing_to_do_is_no_hook(phase: str) -> None:
    assert hook(MODULE, phase) is None


@pytest.mark.parametrize(
    ("own", "origin", "line", "expected"),
    [
        ("text/html", [], "Header set Content-Type text/css", "text/css"),
        ("text/html", [], "Header always set Content-Type text/css", "text/css"),
        (None, ["text/html"], "Header always set Content-Type text/css", "text/css"),
        (None, ["text/html"], "Header set Content-Type text/css", "text/css"),
        ("text/html", [], "Header unset Content-Type", None),
        ("text/html", [], "Header always unset Content-Type", None),
        (None, ["text/html"], "Header always unset Content-Type", "text/html"),
        (None, ["text/html"], "Header unset Content-Type", None),
        ("text/html", [], "Header edit Content-Type html css", "text/css"),
        (None, ["text/html"], "Header edit Content-Type html css", "text/css"),
        (None, ["text/html"], "Header always edit Content-Type html css", "text/css"),
        ("text/html", [], "Header append Content-Type css", "text/html"),
        (None, ["text/html"], "Header add Content-Type css", "text/html"),
        (None, ["text/html"], "Header merge Content-Type css", "text/html"),
        ("text/html", [], "Header setifempty Content-Type css", "css"),
        (None, ["text/html"], "Header setifempty Content-Type css", "text/html"),
        (None, [], "Header add Content-Type css", "css"),
        ("text/html", [], "Header set Content-Type text/css env=NO", "text/html"),
        ("text/html", [], "Header unset Content-Type env=NO", "text/html"),
    ],
)
def test_a_response_has_one_type(
    own: str | None, origin: list[str], line: str, expected: str | None
) -> None:
    exchange = make_exchange(
        content_type=own, out=table(*(f"Content-Type: {value}" for value in origin))
    )
    respond(exchange, line)
    sent = [*exchange.err.get_all("Content-Type"), *exchange.out.get_all("Content-Type")]
    if exchange.content_type is not None:
        sent = [exchange.content_type]
    assert sent == ([] if expected is None else [expected])


def test_an_error_page_has_its_type_changed() -> None:
    exchange = make_exchange(generated=True, content_type="text/html; charset=iso-8859-1")
    respond(exchange, "Header always edit Content-Type html css")
    assert exchange.content_type == "text/css; charset=iso-8859-1"


def test_a_control_character_at_request_time_is_500() -> None:
    exchange = make_exchange(env={"BAD": "a\0b"})
    with pytest.raises(HTTPError) as caught:
        respond(exchange, "Header set X %{BAD}e")
    assert caught.value.status == 500
    page = make_exchange(env={"BAD": "a\0b"}, generated=True)
    respond(page, "Header always set X %{BAD}e", "Header always set Y z")
    assert lines_of(page.err) == ["Y: z"]


def test_the_trace_tells_each_edit() -> None:
    told: list[str] = []

    def trace(_module, text, _location=None, *, acted=True) -> None:
        told.append(text)

    exchange = make_exchange(trace=trace)
    respond(exchange, "Header unset Content-Type", "Header set A b", "Header set B c env=NO")
    assert told == [
        "Header unset Content-Type: nothing to change",
        "Header set A b: done",
        "Header set B c env=NO: condition not met",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Header", "first argument must be 'add'"),
        ("Header always", "first argument must be 'add'"),
        ("Header foo X y", "first argument must be 'add'"),
        ("RequestHeader always set X y", "first argument must be 'add'"),
        ("Header set X", "Header requires three arguments"),
        ("RequestHeader set", "Header requires three arguments"),
        ("Header note X", "Header requires three arguments"),
        ("Header edit X a", "Header edit requires a match and a substitution"),
        ("Header set X %q", "Unrecognized header format %q"),
        ('Header set X "%{A"', "Unrecognized header format %"),
        ("Header set X %{A}%", "Unrecognized header format %%"),
        ("Header unset X y", "Unknown parameter: y"),
        ("Header echo X y", "Unknown parameter: y"),
        ("Header set X y env", "Unknown parameter: env"),
        ("Header set X y early=1", "Unknown parameter: early=1"),
        ("Header edit X a b c", "Unknown parameter: c"),
        ("Header edit X a b c d", "Header has too many arguments"),
        ("Header set X y z w", "Too many arguments to directive"),
        ("Header unset X y z", "header unset takes two arguments"),
        ("Header set X y env=", "error: missing environment variable name"),
        ("Header set X y env=!", "error: missing environment variable name"),
        ("Header echo [", "Header echo regex could not be compiled"),
        ("Header edit X ( b", "Header edit regex could not be compiled"),
        ("RequestHeader echo X", "Header echo only valid on Header directives"),
        ("RequestHeader note X y", "RequestHeader does not support the 'note' action"),
        ("Header set X expr=%{NOPE}", "Variable 'NOPE' does not exist (at character 3"),
        ("Header set X y expr=TRUE", "syntax error, unexpected end (at character 5"),
        ('Header set "X Y" y', "'X Y' is not a field name"),
        (r"Header set X a\nb", "a field value cannot hold control characters"),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(DirectiveError) as caught:
        parse(MODULE, line)
    assert caught.value.message.startswith(message)
