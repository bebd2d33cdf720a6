"""The notation of the cases and what is blurred: the harness must not lie."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.oracle import cases
from tests.oracle.outcome import differences
from tests.oracle.text import Blur, wire


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("GET / HTTP/1.1\n\n", b"GET / HTTP/1.1\r\n\r\n"),
        ("a\r\nb\n", b"a\r\nb\r\n"),
        ("a␊b␍c", b"a\nb\rc"),
        ("{{ab*3}}!", b"ababab!"),
        ("{{X: y\n*2}}\n", b"X: y\r\nX: y\r\n\r\n"),
        ("@HERE@ä", b"there\xe4"),
    ],
)
def test_text_becomes_octets(text: str, octets: bytes) -> None:
    assert wire(text, {"HERE": "there"}) == octets


def test_blur_puts_the_places_back() -> None:
    blur = Blur({"PORT": "8080", "ORIGIN": "127.0.0.1:8080", "DIR": "/tmp/8080"})
    assert (
        blur("http://127.0.0.1:8080/ on 8080 in /tmp/8080/x")
        == "http://@ORIGIN@/ on @PORT@ in @DIR@/x"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Apache/2.4.71 (Debian)",
        "revproxy/0.1.0 (Unix)",
        "Apache/2.4.71 (Debian) mod_x/1.2",
    ],
)
def test_products_are_alike(text: str) -> None:
    assert Blur({})(text) == "<product>"


def test_other_words_are_not_blurred() -> None:
    assert Blur({})("Apache and revproxy") == "Apache and revproxy"


def test_an_unknown_key_is_an_error() -> None:
    data: dict[str, Any] = tomllib.loads(
        '[configs]\nmain = ""\n[[case]]\nname = "x"\nget = "/"\nexpects = 200\n'
    )
    with pytest.raises(ValueError, match="expects"):
        cases._groups("topic", data)


def test_a_difference_is_found_and_a_field_can_be_left_out() -> None:
    case = cases.Case("x", "main", ("",), (), ignore=("body",))
    one, other = {"status": ["a"], "body": "1"}, {"status": ["b"], "body": "2"}
    assert set(differences(case, one, other)) == {"status"}


def test_there_are_hundreds_of_cases() -> None:
    assert sum(len(group.cases) for group in cases.groups()) > 600
    assert len(cases.config_cases()) > 90


def test_names_are_unique_in_a_configuration() -> None:
    for group in cases.groups():
        names = [case.name for case in group.cases]
        assert len(names) == len(set(names)), group.id
