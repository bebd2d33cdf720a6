"""What makes two connections to an origin alike, besides the origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from revproxy.tls.origin import OriginTls


class Route(NamedTuple):
    """A connection serves requests of its own route alone."""

    tls: OriginTls | None = None
    """What secures it; None for a plain one."""
    server_name: str | None = None
    """The name that the origin is called by (SNI)."""
    announcement: bytes = b""
    """The PROXY header that it begins with, which tells of one client's connection."""
