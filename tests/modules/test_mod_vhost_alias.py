"""Directories of host names: the patterns of mod_vhost_alias."""

from __future__ import annotations

import pytest

from revproxy.errors import DirectiveError
from revproxy.modules.mod_vhost_alias import MODULE, expand
from tests.exchanges import parse

NAME = "www.domain.example.com"


@pytest.mark.parametrize(
    ("template", "directory"),
    [
        ("/h/%0", f"/h/{NAME}"),
        ("/h/%1/%-1/%p/%%", "/h/www/com/8080/%"),
        ("/h/%2+", "/h/domain.example.com"),
        ("/h/%-2+", "/h/www.domain.example"),
        ("/h/%-2.1/%-2.2/%-2.3+/", "/h/e/x/ample"),
        ("/h/%2.-1+/%2.-2", "/h/domain/i"),
        ("/h/%5/%1.9", "/h/_/_"),
    ],
)
def test_patterns(template: str, directory: str) -> None:
    assert expand(template, NAME, 8080) == directory


@pytest.mark.parametrize("text", ["/h/%", "/h/%x", "/h/%-", "/h/%1.", "/h/%1.x", "/h/%2+.-"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(DirectiveError, match="syntax error in format string"):
        parse(MODULE, f"VirtualDocumentRoot {text}")


def test_a_pattern_is_absolute_or_none() -> None:
    assert parse(MODULE, "VirtualDocumentRoot NONE").root.text == ""
    with pytest.raises(DirectiveError, match="absolute path"):
        parse(MODULE, "VirtualDocumentRoot hosts/%0")
