"""Digest: what is read of a field, whose nonces are taken, and how often."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import time
from types import SimpleNamespace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from revproxy.authn.digest import is_nonce, make_nonce, nonce_time, parse_digest, proof
from revproxy.authn.ledger import Ledger, Use
from revproxy.errors import HTTPError
from revproxy.modules import mod_authn_core, mod_authn_file
from revproxy.modules.mod_auth_digest import MODULE
from tests.exchanges import make_exchange, parse


def test_parameters():
    field = 'Digest username="a\\"b", uri=/x?a=b , NC=1,qop="auth" x,, z, open="end'
    assert parse_digest(field) == {
        "username": 'a"b',
        "uri": "/x?a=b",
        "nc": "1",
        "qop": "auth",
        "z": "",
        "open": "end",
    }
    assert parse_digest("Basic x") is None
    assert parse_digest("digest") == {}


@given(st.text(st.characters(max_codepoint=255)))
def test_no_field_breaks_the_parser(text):
    for value in (parse_digest(f"Digest {text}") or {}).values():
        assert isinstance(value, str)


@given(st.text(st.characters(max_codepoint=255)), st.integers(0, 10))
def test_a_nonce_is_good_for_its_realm_alone(realm, at):
    nonce = make_nonce(realm, 1234)
    assert is_nonce(nonce)
    assert nonce_time(realm, nonce) == 1234
    assert nonce_time(realm + "x", nonce) is None
    changed = nonce[:at] + ("A" if nonce[at] != "A" else "B") + nonce[at + 1 :]
    assert nonce_time(realm, changed) is None


@given(st.text(st.characters(max_codepoint=255)))
def test_what_is_no_nonce(text):
    assert not is_nonce(text) or nonce_time("realm", text) is None


def test_the_proof_of_rfc_7616():
    ha1 = hashlib.md5(b"Mufasa:http-auth@example.org:Circle of Life").hexdigest()
    given = {
        "uri": "/dir/index.html",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
    }
    assert proof(ha1, "GET", given) == "8ca523f5e9506fed4657c9700eebdbec"


def test_counts_rise_and_what_was_forgotten_is_not_taken():
    ledger = Ledger(slots=4)
    ledger.enter("a", 1)
    assert [ledger.use("a", count, once=False) for count in (0, 1, 1, 3, 2, 4, 1 << 64)] == [
        *(Use.REPLAYED, Use.GOOD, Use.REPLAYED, Use.GOOD, Use.REPLAYED, Use.GOOD, Use.REPLAYED)
    ]
    assert ledger.use("b", 1, once=False) is Use.UNKNOWN
    for number in range(8):
        ledger.enter(f"other {number}", 2 + number)
    assert ledger.use("a", 9, once=False) is Use.UNKNOWN


def test_once_is_once():
    ledger = Ledger(slots=4)
    ledger.enter("a", 1)
    assert ledger.use("a", 1, once=True) is Use.GOOD
    assert ledger.use("a", 99, once=True) is Use.REPLAYED


def _use_all(ledger: Ledger, counts: list[int], good: object) -> None:
    found = sum(ledger.use("a", count, once=False) is Use.GOOD for count in counts)
    good.put(found)  # type: ignore[attr-defined]


def test_processes_share_the_ledger():
    ledger = Ledger(slots=64)
    ledger.enter("a", 1)
    fork = multiprocessing.get_context("fork")
    good = fork.Queue()
    counts = list(range(1, 400))
    workers = [fork.Process(target=_use_all, args=(ledger, counts, good)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = [good.get(timeout=20) for _ in workers]
    for worker in workers:
        worker.join()
    # Each count was good for one of them at most.
    assert sum(found) <= len(counts)
    assert ledger.use("a", 399, once=False) is Use.REPLAYED


def ask(path: str, field: str | None, *lines: str, users: str) -> object:
    """The exchange after a request with this Authorization field, or the HTTPError."""
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\n"
    head += f"Authorization: {field}\r\n\r\n" if field else "\r\n"
    exchange = make_exchange(head)
    settings = {
        "mod_authn_core": parse(mod_authn_core.MODULE, "AuthType Digest", "AuthName realm"),
        "mod_authn_file": parse(mod_authn_file.MODULE, f"AuthUserFile {users}"),
    }
    exchange.plan = SimpleNamespace(settings=settings)
    hook = MODULE.hooks["authn"](parse(MODULE, *lines), None)  # type: ignore[arg-type]
    try:
        trio.run(hook, exchange)
    except HTTPError as error:
        return error, exchange
    return None, exchange


@pytest.fixture
def users(tmp_path):
    name = tmp_path / "users"
    name.write_text("joe:realm:" + hashlib.md5(b"joe:realm:pw").hexdigest() + "\n")
    return str(name)


def field_for(nonce: str, password: str = "pw", uri: str = "/x", nc: str = "00000001") -> str:
    given = {"uri": uri, "nonce": nonce, "nc": nc, "cnonce": "c", "qop": "auth"}
    ha1 = hashlib.md5(f"joe:realm:{password}".encode()).hexdigest()
    response = proof(ha1, "GET", given)
    return (
        f'Digest username="joe", realm="realm", nonce="{nonce}", uri="{uri}", qop=auth, nc={nc}, '
        f'cnonce="c", response="{response}"'
    )


def test_only_who_knows_the_password_hears_that_a_nonce_is_stale(users):
    old = make_nonce("realm", time.time_ns() // 1000 - 301_000_000)
    for password, stale in (("pw", True), ("no", False)):
        error, exchange = ask("/x", field_for(old, password), users=users)
        assert error.status == 401
        assert ("stale=true" in exchange.err.get("WWW-Authenticate")) is stale


def test_a_nonce_of_another_server_or_of_tomorrow_is_stale(users):
    forged = make_nonce("other realm", time.time_ns() // 1000)
    early = make_nonce("realm", time.time_ns() // 1000 + 60_000_000)
    for nonce in (forged, early):
        error, exchange = ask("/x", field_for(nonce), users=users)
        assert error.status == 401
        assert "stale=true" in exchange.err.get("WWW-Authenticate")


def test_the_answer_proves_the_server_and_names_the_next_nonce(users):
    nonce = make_nonce("realm", time.time_ns() // 1000 - 280_000_000)
    error, exchange = ask("/x", field_for(nonce), users=users)
    assert error is None
    info = exchange.out.get("Authentication-Info")
    ha1 = hashlib.md5(b"joe:realm:pw").hexdigest()
    given = {"uri": "/x", "nonce": nonce, "nc": "00000001", "cnonce": "c", "qop": "auth"}
    assert f'rspauth="{proof(ha1, "", given)}"' in info
    following = re.search(r'nextnonce="([^"]*)"', info)[1]
    assert ask("/x", field_for(following), users=users)[0] is None


def test_a_look_ahead_does_not_use_a_count_up(users):
    lines = ("AuthDigestNcCheck On",)
    _, exchange = ask("/x", None, *lines, users=users)
    nonce = re.search(r'nonce="([^"]*)"', exchange.err.get("WWW-Authenticate"))[1]
    error, exchange = ask("/x", field_for(nonce), *lines, users=users)
    assert error is None
    inner = exchange.sub_request("/y", None)
    inner.plan = exchange.plan
    hook = MODULE.hooks["authn"](parse(MODULE, *lines), None)  # type: ignore[arg-type]
    assert trio.run(hook, inner)
    assert ask("/x", field_for(nonce), *lines, users=users)[0].status == 401
