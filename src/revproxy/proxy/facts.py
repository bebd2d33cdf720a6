"""What the handler of a request plan knows of mod_proxy's settings, worked out once at load."""

from __future__ import annotations

from revproxy.module import Server
from revproxy.proxy.reverse import CookieRule, ReverseRule
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """mod_proxy's settings with every default filled in; times in seconds."""

    server: Server
    preserve_host: bool = False
    add_headers: bool = True
    continue_100: bool = True
    interpolate: bool = False
    override: bool = False
    override_codes: frozenset[int] = frozenset()
    via: str = "Off"
    via_comment: str = ""
    trace: str = "on"
    bad_header: str = "IsError"
    timeout: float = 60.0
    max_forwards: int = -1
    announces: int = 0
    """The version of the PROXY protocol that connections to origins begin with; 0 for none."""
    blocks: tuple[str, ...] = ()
    reverses: tuple[ReverseRule, ...] = ()
    cookie_paths: tuple[CookieRule, ...] = ()
    cookie_domains: tuple[CookieRule, ...] = ()

    def overrides(self, status: int) -> bool:
        """Whether ProxyErrorOverride takes a response of this status."""
        return (
            self.override
            and status >= 400
            and (not self.override_codes or status in self.override_codes)
        )
