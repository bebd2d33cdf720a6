"""Which modules a configuration needs: those that act by themselves, and those that it names.

Laws:
- A module is named by one of its directives, or by the name of one of its filters. A directive of
  our own (`mpm_trio`) that it serves names it too.
- Access files may name any: where they may be read, all modules are there.
"""

from __future__ import annotations

import re
from typing import Final

from revproxy.config.catalogue import catalogue
from revproxy.config.tree import Configuration, Directive
from revproxy.module import Module
from revproxy.modules import ON_DEMAND, ORDER, all_modules, module

_FILTER_NAME: Final = re.compile(r"[a-z0-9_-]+")


def needed(configuration: Configuration) -> tuple[Module, ...]:
    """The modules, in order."""
    named: set[str] = set()
    words: set[str] = set()
    known = catalogue().directives
    seen: set[str] = set()
    for directive in configuration.walk():
        if _opens_access_files(directive):
            return all_modules()
        if "filter" in directive.key:
            words.update(_FILTER_NAME.findall(directive.raw.lower()))
        if directive.key not in seen and directive.key in known:
            seen.add(directive.key)
            entry = known[directive.key]
            named.update((entry.module, *entry.also_in))
            if entry.module == "mpm_trio":
                words.add(directive.key)
    return tuple(
        module(name)
        for name in ORDER
        if name not in ON_DEMAND or name in named or not words.isdisjoint(ON_DEMAND[name])
    )


def _opens_access_files(directive: Directive) -> bool:
    return directive.key in ("allowoverride", "allowoverridelist") and any(
        value.lower() != "none" for value in directive.values
    )
