"""Require and its containers, as the hook of a request plan decides them."""

from __future__ import annotations

import pytest

from revproxy.errors import HTTPError
from revproxy.plan.load import load_text
from tests.exchanges import make_exchange


def allowed(lines: str, *, method: str = "GET", address: str = "192.0.2.7") -> bool:
    loaded = load_text(f"<Location />\n{lines}\n</Location>\n", server_root="/nonexistent")
    host = loaded.plan().main
    plan = host.plan((host.locations.entries[0],))
    exchange = make_exchange(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n", client_address=address)
    try:
        for hook in plan.authz:
            hook(exchange)
    except HTTPError as error:
        return error.status != 403
    return True


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Require all granted", True),
        ("Require all denied", False),
        ("Require all denied\nRequire ip 192.0.2.7", True),
        ("Require ip 192.0.2", True),
        ("Require ip 192.0.2.0/24 10", True),
        ("Require ip 192.0.2.0/255.255.255.0", True),
        ("Require ip 10.1", False),
        ("Require ip ::1", False),
        ("Require method GET", True),
        ("Require method POST", False),
        ("<RequireAll>\nRequire all granted\nRequire not ip 192.0.2.7\n</RequireAll>", False),
        ("<RequireAll>\nRequire all granted\nRequire not ip 10\n</RequireAll>", True),
        ("<RequireAny>\nRequire ip 10\nRequire method GET\n</RequireAny>", True),
        (
            "<RequireAll>\nRequire all granted\n<RequireNone>\nRequire ip 192\n</RequireNone>\n"
            "</RequireAll>",
            False,
        ),
        ("<Limit POST>\nRequire all denied\n</Limit>", True),
        ("<LimitExcept POST>\nRequire all denied\n</LimitExcept>", False),
        ("Require env nothing", False),
        ("Require expr %{REQUEST_METHOD} == 'GET'", True),
        ("Require expr \"%{REQUEST_METHOD} == 'GET'\"", True),
        ("Require expr %{REQUEST_METHOD} == 'POST'", False),
        ("<RequireAll>\nRequire all granted\nRequire not expr -n 'x'\n</RequireAll>", False),
        ("Require local", False),
    ],
)
def test_decisions(lines: str, expected: bool) -> None:
    assert allowed(lines) is expected


def test_limit_get_covers_head() -> None:
    assert not allowed("<Limit GET>\nRequire all denied\n</Limit>", method="HEAD")


@pytest.mark.parametrize(
    "lines",
    [
        "Require not ip 10",
        "Require all maybe",
        "Require ip 300.1.1.1",
        "Require nobody",
        "Require expr",
        "Require expr 'x'",
        "Require ldap-user joe",
        "<RequireAll>\nRequire not ip 10\n</RequireAll>",
    ],
)
def test_mistakes_are_told(lines: str) -> None:
    loaded = load_text(f"<Location />\n{lines}\n</Location>\n")
    assert loaded.has_errors


def test_an_inner_section_replaces_or_joins() -> None:
    text = (
        "<Location />\nRequire ip 10\n</Location>\n"
        "<Location /a>\nRequire all granted\n</Location>\n"
        "<Location /b>\nAuthMerging And\nRequire all granted\n</Location>\n"
    )
    host = load_text(text).plan().main
    exchange = make_exchange()
    first, second, third = host.locations.entries
    for hook in host.plan((first, second)).authz:
        hook(exchange)
    (joined,) = host.plan((first, third)).authz
    with pytest.raises(HTTPError):
        joined(exchange)
