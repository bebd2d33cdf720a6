"""LogFormat's letters and modifiers, with the outcomes that Apache 2.4.71 showed."""

from __future__ import annotations

import os
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.log_format import compile_format, escape
from revproxy.module import Server
from tests.exchanges import make_exchange

SERVER = Server(name="ex.com")
HEAD = (
    "GET /a.html?a=b&%22c HTTP/1.1\r\nHost: foo.org\r\n"
    'Cookie: A=1; foo=b"ar; foo=2; x; y = 3 ;z="q w"\r\n'
    'User-Agent: q"u\\o\te\xe4\x80\r\nX-T: a, b\r\n\r\n'
)


def line(form: str, head: str = HEAD, **slots: Any) -> str:
    slots = {"host": "foo.org", **slots}
    text = compile_format(form, SERVER)(make_exchange(head, **slots))
    assert text.endswith("\n")
    return text[:-1]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%% 50%% x", "% 50% x"),
        (r'x\ty\nz\q"e\\', 'x\ty\nz\\q"e\\'),
        ("%a %{c}a %h %A", "203.0.113.9 192.0.2.7 203.0.113.9 127.0.0.1"),
        ("%p %{canonical}p %{remote}p %{local}p %{foo}p", "80 80 40000 8080 80"),
        ("%{foo}C|%{A}C|%{x}C|%{y}C|%{z}C|%{FOO}C|%{no}C", r"b\"ar|1|-|3|\"q w\"|b\"ar|-"),
        ("%{User-Agent}i|%{x-t}i|%{No}i", r"q\"u\\o\te\xe4\x80|a, b|-"),
        ("%{}C %{}i", "- -"),
        ("%r|%m|%U|%q|%H", r"GET /a.html?a=b&%22c HTTP/1.1|GET|/a.html|?a=b&%22c|HTTP/1.1"),
        ("%s %>s %<s %<>s", "200 200 200 200"),
        ("%l %u %L %{c}L %k %X", "- - - - 0 +"),
        ("%{AA}e|%{NO}e|%{nn}n|%{no}n", r"v\"a|-|n|-"),
        ("%v %V", "ex.com foo.org"),
        ("%b %B %I %O %S", "- 0 10 20 30"),
        ("%R %f", "- -"),
        ("%^FB %{X}^ti %{X}^to", "- - -"),
        ("%200,404m %!200,404m %404m %!404m %404!m", "GET - - GET GET"),
        ("%2m %99999m", "- -"),
        ("%{a\\}b}i x", "-}i x"),
        ("{%m} {0} '%%s' \\\\ %%(x)s", r"{GET} {0} '%s' \ %(x)s"),
        ("%{sec}T %{begin:foo}t %{x}P", "sec foo x"),
    ],
)
def test_a_format(form: str, expected: str) -> None:
    slots = {
        "client_address": "203.0.113.9",
        "env": {"AA": 'v"a'},
        "notes": {"nn": "n"},
        "bytes_in": 10,
        "bytes_out": 20,
    }
    assert line(form, **slots) == expected


@pytest.mark.parametrize(
    ("form", "slots", "expected"),
    [
        ("%u", {"user": ""}, '""'),
        ("%u", {"user": "a\nb"}, r"a\nb"),
        ("%b %B", {"body_sent": 7}, "7 7"),
        ("%X", {"close": True}, "-"),
        ("%X", {"close": True, "aborted": True}, "X"),
        ("%L", {"log_id": "ID"}, "ID"),
        ("%R", {"handler": "proxy-server"}, "proxy-server"),
        ("%f", {"filename": "/srv/a b"}, "/srv/a b"),
        ("%f", {"proxy": SimpleNamespace(request_url="http://o/x")}, "proxy:http://o/x"),
        ("%{Content-Type}o", {"content_type": "text/html"}, "text/html"),
        ("%{Content-Length}o", {"body": b"12345"}, "5"),
        ("%{Content-Length}o", {"body": b"", "status": 304}, "-"),
        ("%U", {"path": "/a b\xe4"}, r"/a b\xe4"),
        ("%q", {"query": None}, ""),
    ],
)
def test_a_letter(form: str, slots: dict[str, Any], expected: str) -> None:
    assert line(form, **slots) == expected


def test_response_fields() -> None:
    exchange = make_exchange()
    exchange.out.add("X-Foo", "a")
    exchange.out.add("X-Foo", "b")
    exchange.err.add("Set-Cookie", "c=d")
    exchange.out.add("Set-Cookie", "e=f")
    form = compile_format("%{x-foo}o|%{Set-Cookie}o|%{Vary}o", SERVER)
    assert form(exchange) == "a|e=f, c=d|-\n"


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_times(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        started = 1795503210_923435_000
        local = time.localtime(1795503210)
        stamp = time.strftime("[%d/%b/%Y:%H:%M:%S %z]", local)
        assert line("%t|%{begin}t|%{}t|%{begin:}t", started=started) == "|".join([stamp] * 4)
        assert line("%{%Y %d}t", started=started) == time.strftime("%Y %d", local)
        assert line("%{sec}t %{msec}t %{usec}t", started=started) == (
            "1795503210 1795503210923 1795503210923435"
        )
        assert line("%{msec_frac}t %{usec_frac}t %{begin:sec}t", started=started) == (
            "923 923435 1795503210"
        )
        monkeypatch.setattr(time, "time_ns", lambda: started + 2_345_678_000)
        assert line("%T %{s}T %{ms}T %{us}T %D", started=started) == "2 2 2345 2345678 2345678"
        assert line("%{end:sec}t %{end:usec_frac}t", started=started) == "1795503213 269113"
        assert line("%^FB", started=started, first_sent=started + 5000) == "5"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_processes() -> None:
    pid, again, thread, hexadecimal = line("%P %{pid}P %{tid}P %{hextid}P").split()
    assert int(pid) == int(again) == os.getpid()
    assert int(thread) == int(hexadecimal, 16)


def test_after_an_internal_redirect() -> None:
    first = make_exchange(status=404, log_id="ID")
    first.path = "/first"
    last = make_exchange(status=404, previous=first, handler="proxy-server")
    last.path, last.query = "/last", "q"
    last.status = 503
    form = "%s %>s %<s|%U %>U|%q %<q|%R %>R|%L"
    assert compile_format(form, SERVER)(last) == "404 503 404|/first /last|?q |- proxy-server|ID\n"


def test_what_could_not_be_read() -> None:
    exchange = make_exchange()
    exchange.path, exchange.raw_path, exchange.query = "", '/\x01"\\', "q"
    exchange.request_line = 'GET /\x01"\\?q HTTP/1.1'
    assert compile_format("%r %U", SERVER)(exchange) == (
        r"GET /\x01\"\\?q HTTP/1.1 /\x01\"\\" + "\n"
    )
    exchange.request_line = exchange.raw_path = exchange.method = ""
    assert compile_format("%r %U %m", SERVER)(exchange) == "- - -\n"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("%{a", "Ran off end of LogFormat parsing args to some directive"),
        ("%", "Ran off end of LogFormat parsing args to some directive"),
        ("%!200,3", "Ran off end of LogFormat parsing args to some directive"),
        ("%^xx", "Unrecognized LogFormat directive %^"),
        ("%-200a", "Unrecognized LogFormat directive %-"),
        ("%\\n", "Unrecognized LogFormat directive %\\"),
    ],
)
def test_a_wrong_format(form: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compile_format(form, SERVER)


@given(st.text(st.characters(max_codepoint=255)))
def test_an_escaped_value_cannot_leave_its_quotes(text: str) -> None:
    escaped = escape(text)
    assert escaped.isascii()
    assert escaped.isprintable() or not escaped
    assert re.search(r'(?<!\\)(?:\\\\)*"', escaped) is None
    assert escaped.encode("ascii").decode("unicode_escape") == text
