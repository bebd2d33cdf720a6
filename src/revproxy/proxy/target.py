"""Where requests go: origins as the configuration writes them, and a request's own target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from revproxy.http.uri import Url
from revproxy.records import dataclass
from revproxy.upstream.parameters import Parameters

if TYPE_CHECKING:
    from revproxy.upstream.worker import Worker

OriginKey: TypeAlias = tuple[str, str]
"""Scheme and authority, or the path of a Unix socket: what workers are found by."""

_SCHEMES: Final = {"ws": "http", "wss": "https"}
_UNIX: Final = re.compile(r"unix:([^|]+)\|(.*)", re.IGNORECASE | re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class WorkerDefinition:
    """A `<Proxy url>` section with parameters, or a ProxySet."""

    url: str
    parameters: Parameters


@dataclass(slots=True)
class Target:
    """Where a request goes. Never changed: not frozen, as that costs a microsecond a request."""

    worker: Worker
    url: str
    """Scheme, authority and decoded path, as they were written: what `<Proxy>` is matched with."""
    path: str
    """Path and query as they are sent."""
    authority: str
    """Host of the request, where ProxyPreserveHost is off."""
    noquery: bool = False

    def with_query(self, query: str) -> Target:
        """The same, asked with a query."""
        path = f"{self.path}?{query}"
        return Target(self.worker, self.url, path, self.authority, self.noquery)

    @property
    def request_url(self) -> str:
        """The URL that is asked for, query and all."""
        return f"{self.worker.url.scheme}://{self.authority}{self.path}"


def origin_key(url: Url, unix: str | None) -> OriginKey:
    """The key of a URL's origin."""
    scheme = _SCHEMES.get(url.scheme, url.scheme)
    return scheme, unix or f"{url.host}:{url.effective_port}"


def split_unix(text: str) -> tuple[str | None, str]:
    """The socket's path and the URL of `unix:/path|http://host/`."""
    match = _UNIX(text) if text[:1] in "uU" else None
    if match is None:
        return None, text
    url = match[2]
    return match[1], url if "://" in url and not url.endswith(
        "://"
    ) else f"{url or 'http:'}//localhost"


def interpolate_env(text: str, env: dict[str, Any]) -> str:
    """`${NAME}` replaced from a request's environment, "" where unset (ProxyPassInterpolateEnv)."""
    return re.sub(r"\$\{([^}]*)\}", lambda match: str(env.get(match[1], "")), text)
