"""core: files below DocumentRoot, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from revproxy.errors import DirectiveError, HTTPError
from revproxy.modules.core import MODULE
from tests.exchanges import hook, make_exchange, parse


def run(coroutine: Any) -> Any:
    """The result of a coroutine that never waits."""
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    return caught.value.value


def test_a_path_is_a_file_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    root = f"{tmp_path}/"
    exchange = make_exchange(path="/a.txt")
    assert hook(MODULE, "translate", document_root=root)(exchange)
    assert exchange.filename == f"{tmp_path}/a.txt"
    assert run(hook(MODULE, "handler", document_root=root)(exchange))
    assert exchange.body == b"text"


def test_without_a_root_there_are_no_files() -> None:
    exchange = make_exchange(path="/a.txt")
    assert hook(MODULE, "translate")(exchange)
    assert exchange.filename == "/nonexistent/a.txt"
    with pytest.raises(HTTPError) as caught:
        run(hook(MODULE, "handler")(make_exchange()))
    assert caught.value.status == 404


def test_a_forced_type() -> None:
    exchange = make_exchange(content_type="text/html")
    hook(MODULE, "fixups", "ForceType text/forced")(exchange)
    assert exchange.content_type == "text/forced"
    assert hook(MODULE, "fixups", "ForceType None") is None
    proxied = make_exchange(proxy=object())
    hook(MODULE, "fixups", "ForceType text/forced")(proxied)
    assert proxied.content_type is None


def test_an_error_document_is_an_expression() -> None:
    documents = parse(
        MODULE,
        'ErrorDocument 404 "no %{REQUEST_URI}"',
        "ErrorDocument 403 /a%{file:/nope}",
        'ErrorDocument 500 "50% off"',
    ).error_documents
    assert documents[404].value(make_exchange(path="/x")) == "no /x"
    assert (documents[403].kind, documents[403].value(make_exchange())) == ("path", None)
    assert documents[500].value == "50% off"


def test_range_limits() -> None:
    settings = parse(MODULE, "MaxRanges none", "MaxRangeOverlaps unlimited", "MaxRangeReversals 7")
    assert settings.max_ranges == 0
    assert settings.max_range_overlaps is None
    assert settings.max_range_reversals == 7


@pytest.mark.parametrize(
    "line",
    [
        "SetHandler cgi-script",
        "SetHandler proxy:fcgi://origin/",
        "FileETag Digest",
    ],
)
def test_what_is_not_there_is_refused_by_name(line: str) -> None:
    with pytest.raises(DirectiveError, match="not implemented"):
        parse(MODULE, line)


@pytest.mark.parametrize(
    "line",
    [
        *("SetHandler None", "SetHandler default-handler", "SetHandler proxy:http://origin/"),
        *("HostnameLookups off", "HostnameLookups Double", "AllowOverride None"),
    ],
)
def test_what_is_there_all_the_same(line: str) -> None:
    parse(MODULE, line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "ErrorDocument 404 %{X}",
            "Cannot parse expression in ErrorDocument: Variable 'X' does not exist "
            "(at character 3 of the expression)",
        ),
        ("MaxRanges 0", "MaxRanges requires 'none', 'default', 'unlimited' or a positive integer"),
        ("AcceptPathInfo foo", "AcceptPathInfo must be set to on, off or default"),
        ("FileETag foo", "Unknown keyword 'foo' for FileETag directive"),
        ("Options foo", "Illegal option foo"),
        (
            "Options Indexes -FollowSymLinks",
            "Either all Options must start with + or -, or no Option may.",
        ),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(DirectiveError) as caught:
        parse(MODULE, line)
    assert caught.value.message == message
