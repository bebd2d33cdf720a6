"""Rules that a request's facts rule out: what is passed over would have changed nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.plan.load import load_text
from revproxy.plan.plan import VirtualHost
from tests.exchanges import FakeConnection, make_exchange

SUBJECTS = (
    *(
        "%{HTTP:A}",
        "%{HTTP_USER_AGENT}",
        "%{REQUEST_METHOD}",
        "%{HTTP:A}|%{HTTPS}",
        "%{REMOTE_ADDR}",
    ),
    *("%{QUERY_STRING}", "%{REQUEST_URI}", "%{ENV:E}", "$1", "%1", "%{HTTP_HOST}%{SERVER_PORT}"),
)
TESTS = ("x", "!x", "^$", "^(.)x", "=x", "!=x", "<x", ">=x", "-eq1", "^(GET|192)", "(x+x+)+y", "-f")
PATTERNS = ("^/a", "^/b", "!^/a", "^/(.)/?", ".", "^", r"\.x$", r"\.y$", r"(x|z)$", "(a|b)*c$")
CONDITIONS = st.builds(
    "RewriteCond {} {} {}".format,
    st.sampled_from(SUBJECTS),
    st.sampled_from(TESTS),
    st.sampled_from(("", "[OR]", "[NC]", "[NV]", "[OR,NC]")),
)
RULES = st.builds(
    "RewriteRule {} {} {}".format,
    st.sampled_from(PATTERNS),
    st.sampled_from(("-", "/a$1", "/b%1?q=x", "$0.x", "http://b.test$0")),
    st.sampled_from(
        ("", "[C]", "[S=1]", "[S=2]", "[L]", "[E=E:x]", "[E=!E]", "[F]", "[N=3]", "[R]", "[QSA]")
    ),
)
STEPS = st.lists(st.tuples(st.lists(CONDITIONS, max_size=3), RULES), max_size=9)
REQUESTS = st.builds(
    "{} {} HTTP/1.1\r\nHost: {}\r\n{}\r\n".format,
    st.sampled_from(("GET", "POST")),
    st.sampled_from(("/", "/a", "/b/c", "/a.x?x", "/abc.y?1", "/z")),
    st.sampled_from(("a.test", "x.test:81")),
    st.sampled_from(("", "A: x\r\n", "A: yx\r\n", "User-Agent: X\r\nA: 1\r\n")),
)


def ran(head: str, host: VirtualHost, connection: Any, *, told: bool) -> tuple[Any, ...]:
    """All that the rules do to a request; `told` has every rule tried."""
    exchange: Exchange = make_exchange(head, connection=connection)
    name, _, port = (exchange.fields.get("host") or "").partition(":")
    exchange.host, exchange.host_port = name, int(port) if port else None
    exchange.server, exchange.plan = host, host.base
    exchange.trace = (lambda *_words, **_marks: None) if told else None
    status = 0
    try:
        for hook in host.base.translate:
            if hook(exchange):
                break
    except HTTPError as error:
        status = error.status
    return (
        *(status, exchange.path, exchange.query, exchange.filename, exchange.env),
        *(exchange.out.items, exchange.proxy and exchange.proxy.path),
    )


@given(STEPS, st.lists(REQUESTS, min_size=1, max_size=4))
def test_nobody_can_tell(steps: list[tuple[list[str], str]], heads: list[str]) -> None:
    text = "\n".join(line for conditions, rule in steps for line in (*conditions, rule))
    host = load_text(f"RewriteEngine On\n{text}", server_root="/nonexistent").plan().main
    connection = FakeConnection()
    for head in heads:
        every = ran(head, host, connection, told=True)
        assert ran(head, host, connection, told=False) == every


@pytest.mark.parametrize(
    ("conditions", "acts"),
    [
        (("%{HTTP:A} x", "%{HTTP_USER_AGENT} y"), False),
        (("%{HTTP:A} x", "%{HTTP_USER_AGENT} x [NC]"), True),
        (("%{HTTP:A} y [OR]", "%{HTTP_USER_AGENT} X"), True),
        (("%{HTTP:A} y [OR]", "%{HTTP_USER_AGENT} y"), False),
        (("%{HTTP:A} y [OR]", "%{QUERY_STRING} q"), True),
        (("%{HTTP:A} y [OR]",), True),
        (("%{HTTP:A} !x", "%{QUERY_STRING} q"), False),
        (("%{HTTP:A} =x", "%{REQUEST_METHOD}%{HTTPS} =GEToff"), True),
        (("%{HTTP_HOST} ^a$", "%{SERVER_PORT} 80"), True),
    ],
)
def test_groups_of_conditions(conditions: tuple[str, ...], acts: bool) -> None:
    lines = "\n".join(f"RewriteCond {condition}" for condition in conditions)
    text = f"RewriteEngine On\n{lines}\nRewriteRule ^/ - [F]"
    host = load_text(text, server_root="/nonexistent").plan().main
    head = "GET /?q HTTP/1.1\r\nHost: a\r\nA: x\r\nUser-Agent: X\r\n\r\n"
    assert ran(head, host, FakeConnection(), told=False)[0] == (403 if acts else 0)


def test_a_chain_ends_with_a_rule_that_is_ruled_out() -> None:
    text = "RewriteEngine On\nRewriteCond %{HTTP:A} y\nRewriteRule ^ - [C]\nRewriteRule ^ - [F]"
    host = load_text(text, server_root="/nonexistent").plan().main
    head = "GET / HTTP/1.1\r\nHost: a\r\nA: x\r\n\r\n"
    assert ran(head, host, FakeConnection(), told=False)[0] == 0


def test_outcomes_beyond_what_is_prepared_for() -> None:
    rules = "\n".join(
        f"RewriteCond %{{HTTP:A}} {number}\nRewriteRule ^ - [E=N{number}]" for number in range(9)
    )
    host = load_text(f"RewriteEngine On\n{rules}", server_root="/nonexistent").plan().main
    for number in range(300):
        digits = str(number * 37)
        head = f"GET / HTTP/1.1\r\nHost: a\r\nA: {digits}\r\n\r\n"
        env = ran(head, host, FakeConnection(), told=False)[4]
        names = {name for name in env if name.startswith("N")}
        assert names == {f"N{digit}" for digit in digits if digit != "9"}
