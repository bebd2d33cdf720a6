"""mod_proxy_http: the protocol handler for http:// and ws://.

It has no directives of its own; `proxy/http1.py` is its engine, called by mod_proxy's handler
where this module is loaded.
"""

from __future__ import annotations

from revproxy.module import Module
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """No directives."""


MODULE = Module(name="mod_proxy_http", settings=Settings)
