"""`<If>` and its chains: which sections hold for a request, and in what order they merge."""

from __future__ import annotations

from typing import Any

import pytest

from revproxy.plan.load import load_text
from tests.exchanges import make_exchange

LEVELS = """
<If true>
    Header append T a
    <If true>
        Header append T a1
        <If true>
            Header append T a11
        </If>
    </If>
    <If false>
        Header append T no
    </If>
    <Else>
        Header append T a2
    </Else>
</If>
<If "file('/nope') == ''">
    Header append T no
</If>
<ElseIf true>
    Header append T b
</ElseIf>
<ElseIf true>
    Header append T no
</ElseIf>
<Else>
    Header append T no
</Else>
<Location />
    Header append T location
    <If "%{REQUEST_METHOD} == 'GET'">
        Header append T location-if
    </If>
</Location>
<Directory /srv>
    Header append T directory
    <If "%{REQUEST_FILENAME} == '/srv/x'">
        Header append T directory-if
    </If>
</Directory>
<Files x>
    <If true>
        Header append T files-if
    </If>
</Files>
<VirtualHost *>
    <If true>
        Header append T host
    </If>
</VirtualHost>
"""


def trail(text: str, *, virtual: bool = False, **slots: Any) -> str | None:
    plan = load_text(text).plan()
    host = plan.hosts[0] if virtual else plan.main
    exchange = make_exchange(**slots)
    exchange.server = host
    for hook in host.full_plan(exchange).insert_filter:
        hook(exchange)[0].start(exchange)
    return exchange.out.get("T")


def test_servers_come_first_then_sections_then_what_stands_in_them() -> None:
    assert trail(LEVELS) == "location, a, b, location-if, a1, a2, a11"
    assert trail(LEVELS, virtual=True, filename="/srv/x") == (
        "directory, location, a, b, host, directory-if, files-if, location-if, a1, a2, a11"
    )


def test_what_depends_on_the_path_is_asked_before_translation() -> None:
    host = load_text("<If \"%{REQUEST_URI} == '/'\">\nErrorDocument 404 x\n</If>").plan().main
    assert 404 in host.location_plan(make_exchange(server=host)).documents
    assert host.location_plan(make_exchange(server=host, path="/a")) is host.base


def test_fields_asked_for_are_named_in_vary() -> None:
    host = load_text("<If \"req('A') == 'x'\">\n</If>").plan().main
    exchange = make_exchange(server=host)
    assert host.full_plan(exchange) is host.base
    assert exchange.out.get("Vary") == "A"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<If true && true>\n</If>", "Multiple <If> arguments not supported."),
        ("<If \"'x'\">\n</If>", "Cannot parse condition clause: syntax error, unexpected end (at"),
        (
            '<If true>\n</If>\n<ElseIf "-n %{X}">\n</ElseIf>',
            "Cannot parse condition clause: Variable 'X' does not exist (at character 6",
        ),
        (
            "<If true>\n<Files x>\nHeader set A b\n</Files>\n</If>",
            "<Files> in a section that depends on a condition has no effect",
        ),
    ],
)
def test_mistakes_are_told(text: str, message: str) -> None:
    (finding,) = load_text(text).diagnostics
    assert finding.message.startswith(message)
