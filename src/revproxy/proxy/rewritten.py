"""Requests that a rule sends to an origin (RewriteRule with P), without a ProxyPass.

Laws:
- The worker is the one a ProxyPass to the same URL would get; under none it is the generic one,
  which keeps no connections.
- The path is escaped again unless the rule says that it is; nothing raw leaves: 403.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from revproxy.errors import HTTPError
from revproxy.http.message import Exchange
from revproxy.http.uri import Url, escape_path, parse_url
from revproxy.module import Server
from revproxy.proxy.settings import SUPPORTED_SCHEMES
from revproxy.proxy.target import OriginKey, Target, origin_key, split_unix
from revproxy.upstream.parameters import Parameters

if TYPE_CHECKING:
    from revproxy.proxy.workers import Workers

_RAW: Final = re.compile(r"[\x00-\x20\x7f]").search
_PARAMETERS: Final = Parameters()


@functools.lru_cache(256)
def _origin(text: str, unix: str | None) -> tuple[Url, OriginKey, str]:
    """The origin of a URL without its path, its key, and its authority: rules name few.

    Raises ValueError, and HTTPError for another scheme.
    """
    url = parse_url(text)
    if url.scheme not in SUPPORTED_SCHEMES:
        raise HTTPError(500, f"no protocol handler for {url.scheme}://")
    return url, origin_key(url, unix), url.authority


def send_to_origin(exchange: Exchange, server: Server, text: str, *, is_escaped: bool) -> None:
    """Let mod_proxy answer from the origin of this URL. Raises HTTPError."""
    unix, plain = split_unix(text)
    end = plain.find("/", plain.find("://") + 3)
    origin, path = (plain, "/") if end < 0 else (plain[:end], plain[end:])
    try:
        url, key, authority = _origin(origin, unix)
    except ValueError as error:
        raise HTTPError(400, f"the URL for the origin is invalid: {error}") from None
    workers: Workers = server.shared["mod_proxy"]
    worker = workers.serving(key, path)
    if worker is None:
        worker = workers.generic(url, _PARAMETERS, unix)
    sent = path if is_escaped else escape_path(path)
    if exchange.query is not None:
        sent = f"{sent}?{exchange.query}"
    if _RAW(sent):
        raise HTTPError(403, "a space or control character in the URL for the origin")
    written = f"{text}?{exchange.query}" if is_escaped and exchange.query is not None else text
    exchange.proxy = Target(worker, written, sent, authority)
    exchange.handler = "proxy-server"
