"""A provider of `Require` that is asked with the settings of an alias."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from revproxy.authz.tree import Provider
from revproxy.http.message import Exchange
from revproxy.module import merge_settings


def with_settings(provider: Provider, settings: Mapping[str, Any]) -> Provider:
    """The provider, with these settings of modules over the request's own."""
    if not settings:
        return provider

    def ask(exchange: Exchange) -> bool | None:
        plan = exchange.plan
        merged = dict(plan.settings)
        for module, own in settings.items():
            known = merged.get(module)
            merged[module] = own if known is None else merge_settings(known, own)
        exchange.plan = dataclasses.replace(plan, settings=merged)
        try:
            return provider(exchange)
        finally:
            exchange.plan = plan

    return ask
