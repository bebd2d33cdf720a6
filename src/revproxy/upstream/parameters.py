"""The parameters of a worker, apart from what uses them: a lint reads them and starts no loop."""

from __future__ import annotations

from dataclasses import field

from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """The key=value parameters of ProxyPass, BalancerMember and ProxySet; times in seconds.

    None stands for "not given": the timeouts then are ProxyTimeout's.
    """

    min: int = 0
    max: int | None = None
    smax: int | None = None
    ttl: float | None = None
    acquire: float | None = None
    retry: float = 60.0
    timeout: float | None = None
    connectiontimeout: float | None = None
    ping: float | None = None
    keepalive: bool = False
    disablereuse: bool = False
    enablereuse: bool = False
    addressttl: float | None = None
    flushpackets: str = "off"
    flushwait: float = 0.01
    iobuffersize: int = 8192
    receivebuffersize: int = 0
    responsefieldsize: int = 8192
    upgrade: str | None = None
    secret: str | None = None
    status: str = ""
    route: str = ""
    redirect: str = ""
    loadfactor: float = 1.0
    lbset: int = 0
    given: frozenset[str] = field(default=frozenset())
    """The names that were written, in lower case."""
