"""Every directive that a module parses, with arguments of every kind: findings, no exceptions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revproxy.config.catalogue import catalogue
from revproxy.modules import all_modules
from revproxy.plan.load import load_text

NAMES = sorted(name for module in all_modules() for name in module.directives)
ODD = (
    "", '""', '"" ""', "a", "a b", "a b c", "a b c d", "On", "-1", "\xb2", "\xb2 \xb3",
    "99999999999999999999", "1e5", "0x7f", "( b", "a=b", "=", ":", "*:80", "[::1]:80", "x:y", "/",
    "! a", "/a !", "/ http://x/", "/ http://[::1/", "/ http://\xb2:\xb2/", "http://", "://",
    "/ unix:/x|http://y/", 'set X "%{a}"', "set", "edit X ( y", "set X y env=", "always", "expr=",
    '"%{" "%"', "\xe9 \xff", "80 https", "|", "| |", "all granted", "not all", "ip 1.2.3.4/\xb2",
)  # fmt: skip
AROUND = (
    "@\n",
    "<VirtualHost *:80>\n@\n</VirtualHost>\n",
    "<Location /q>\n@\n</Location>\n",
    '<LocationMatch "^/(q)">\n@\n</LocationMatch>\n',
    "<Proxy http://b/>\n@\n</Proxy>\n",
)


def line(name: str, words: str) -> str:
    spelled = catalogue().directives[name].name
    if catalogue().directives[name].section:
        return f"<{spelled} {words}>\n</{spelled}>"
    return f"{spelled} {words}"


def test_every_directive_of_a_module_is_in_the_catalogue() -> None:
    assert set(NAMES) <= set(catalogue().directives)


@pytest.mark.parametrize("name", NAMES)
def test_odd_arguments(name: str) -> None:
    lines = "\n".join(line(name, words) for words in ODD)
    for around in AROUND:
        load_text(around.replace("@", lines).encode("latin-1"))


@settings(max_examples=200)
@given(
    st.sampled_from(NAMES),
    st.lists(st.text(st.characters(max_codepoint=0xFF), max_size=12), max_size=4),
    st.sampled_from(AROUND),
)
def test_any_arguments(name: str, words: list[str], around: str) -> None:
    quoted = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    load_text(around.replace("@", line(name, quoted)).encode("latin-1"))
