"""Passwords: which hashes match, and that a slow one is paid for once."""

from __future__ import annotations

import bcrypt
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from revproxy.authn import passwords
from revproxy.authn.basic import make_basic, parse_basic

LATIN = st.text(st.characters(min_codepoint=1, max_codepoint=255))


@given(LATIN.filter(lambda user: ":" not in user), LATIN)
def test_credentials_survive_their_field(user: str, password: str):
    assert parse_basic(make_basic(user, password)) == (user, password)


@given(LATIN)
def test_any_field_is_another_scheme_or_credentials(field: str):
    parsed = parse_basic(field)
    assert (parsed is not None) == (field.partition(" ")[0].lower() == "basic")


def test_a_slow_hash_is_paid_for_once(monkeypatch: pytest.MonkeyPatch):
    stored = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    asked: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, hashed: bytes) -> bool:
        asked.append(password)
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    monkeypatch.setattr(passwords, "_limiter", None)

    async def main() -> None:
        for _ in range(3):
            assert await passwords.password_matches(b"right", stored)
            assert not await passwords.password_matches(b"wrong", stored)

    trio.run(main)
    assert sorted(asked) == [b"right", b"wrong"]


@pytest.mark.parametrize("stored", ["", "x", "$apr1$", "$2y$05$short", "$6$", "{SHA}", "$9$a$b"])
def test_a_broken_hash_matches_nothing(stored: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "_limiter", None)
    for password in (b"", b"x", stored.encode()):
        assert not trio.run(passwords.password_matches, password, stored)


def test_no_password_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "_limiter", None)
    monkeypatch.setattr(passwords, "_known", {})
    stored = bcrypt.hashpw(b"very secret", bcrypt.gensalt(4)).decode()
    trio.run(passwords.password_matches, b"very secret", stored)
    (key,) = passwords._known
    assert b"secret" not in key
    assert stored.encode() not in key
