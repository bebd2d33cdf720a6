"""mod_negotiation: its directives, and that it costs nothing where it has nothing to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from revproxy.errors import DirectiveError
from revproxy.modules.mod_mime import MODULE as MIME
from revproxy.modules.mod_negotiation import MODULE
from revproxy.negotiation.wanted import Policy
from tests.exchanges import hook, make_exchange, merged, parse


def test_languages_add_up_in_a_section_and_replace_outer_ones() -> None:
    settings = parse(MODULE, "LanguagePriority en de", "LanguagePriority fr")
    assert settings.policy() == Policy(("en", "de", "fr"))
    inner = merged(MODULE, ("LanguagePriority en",), ("LanguagePriority fr",))
    assert inner.policy().languages == ("fr",)


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("None", Policy(prefers=False)),
        ("Prefer", Policy()),
        ("fallback", Policy(prefers=False, falls_back=True)),
        ("Prefer Fallback", Policy(falls_back=True)),
    ],
)
def test_force(words: str, policy: Policy) -> None:
    assert parse(MODULE, f"ForceLanguagePriority {words}").policy() == policy


@pytest.mark.parametrize("words", ["None Prefer", "Fallback None", "Always"])
def test_force_refuses(words: str) -> None:
    with pytest.raises(DirectiveError):
        parse(MODULE, f"ForceLanguagePriority {words}")


@pytest.mark.parametrize(
    "words", ["Any Handlers", "NegotiatedOnly Any", "Filters NegotiatedOnly", "All"]
)
def test_matches_that_contradict(words: str) -> None:
    with pytest.raises(DirectiveError):
        parse(MIME, f"MultiviewsMatch {words}")


def test_filters_and_handlers_match_together() -> None:
    settings = parse(MIME, "MultiviewsMatch Filters", "MultiviewsMatch Handlers")
    assert settings.matches == {"filters", "handlers"}


def plan(**core: Any) -> Any:
    return SimpleNamespace(settings={"core": SimpleNamespace(**core)})


def test_nothing_is_looked_at_without_multiviews() -> None:
    check = hook(MODULE, "type_checker")
    exchange = make_exchange(filename="/nowhere/x", plan=plan(option_changes=()))
    assert check(exchange) is None


def test_encodings_keep_their_names_where_the_module_is_not_there() -> None:
    exchange = make_exchange(
        "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", plan=plan(option_changes=())
    )
    exchange.out.set("Content-Encoding", "x-gzip")
    hook(MODULE, "file_fixups")(exchange)
    assert exchange.out.get("Content-Encoding") == "x-gzip"
    hook(MODULE, "file_fixups", modules=frozenset(("mod_negotiation",)))(exchange)
    assert exchange.out.get("Content-Encoding") == "gzip"


def test_another_handler_is_left_alone() -> None:
    exchange = make_exchange(filename="/nowhere/x.var", handler="default-handler")
    with pytest.raises(StopIteration) as end:
        hook(MODULE, "handler")(exchange).send(None)
    assert end.value.value is None
