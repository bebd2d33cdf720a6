"""What is told of a page: the links that each ProxyHTMLURLMap changed, or that it found none."""

from __future__ import annotations

from collections import Counter
from typing import Final

from revproxy.html.rules import Rule, Rules
from revproxy.http.message import Trace

_SHOWN: Final = 5
"""Links that are told for each rule; of the others just how many they are."""


class Told:
    """Tells who listens of the rules of one page."""

    def __init__(self, trace: Trace, rules: Rules) -> None:
        self._trace = trace
        self._rules = rules
        self._counts: Counter[int] = Counter()

    def __call__(self, rule: Rule, before: str, after: str) -> None:
        self._counts[id(rule)] += 1
        if self._counts[id(rule)] <= _SHOWN:
            text = f"ProxyHTMLURLMap {rule.source} makes {after} of {before}"
            self._trace("mod_proxy_html", text, rule.location)

    def end(self) -> None:
        """The page is whole."""
        for rule in self._rules:
            count = self._counts[id(rule)]
            if not count:
                text = f"ProxyHTMLURLMap {rule.source} fits nothing on the page"
                self._trace("mod_proxy_html", text, rule.location, acted=False)
            elif count > _SHOWN:
                text = f"ProxyHTMLURLMap {rule.source} changes {count - _SHOWN} more"
                self._trace("mod_proxy_html", text, rule.location)
