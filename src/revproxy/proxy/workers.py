"""The workers of a virtual host, and which one serves a URL (`ap_proxy_get_worker_ex`).

Laws:
- A worker's key is its normalised URL; the first definition of a key wins, with its parameters.
- The longest worker URL that a target begins with serves it; a target under none is served
  without keeping connections (Apache's generic reverse worker).
"""

from __future__ import annotations

import dataclasses

from revproxy.http.uri import Url, parse_url
from revproxy.proxy.target import OriginKey, origin_key, split_unix
from revproxy.upstream.parameters import Parameters
from revproxy.upstream.worker import Worker


class Workers:
    """The workers of one virtual host."""

    def __init__(self, source: str | None = None) -> None:
        self._by_origin: dict[OriginKey, list[Worker]] = {}
        self._source = source

    def all(self) -> list[Worker]:
        """Every worker, in order of definition."""
        return [worker for workers in self._by_origin.values() for worker in workers]

    def close(self) -> None:
        """Close every idle connection."""
        for worker in self.all():
            worker.pool.close()

    def define(self, text: str, parameters: Parameters, *, merge: bool = False) -> Worker:
        """The worker of a URL, made where there is none. Raises ValueError for a bad URL.

        An existing one that serves the URL keeps its parameters, but with `merge` (ProxySet) one
        of exactly this URL gets the given ones.
        """
        unix, plain = split_unix(text)
        url = parse_url(plain.split("$", 1)[0] if "$" in plain else plain)
        known = self.find(url, unix)
        if known is not None:
            if merge and known.url.path == url.path:
                given = {name: getattr(parameters, name) for name in parameters.given}
                given["given"] = known.parameters.given | parameters.given
                changed = dataclasses.replace(known.parameters, **given)
                if changed != known.parameters:
                    known.configure(changed)
            return known
        return self._add(url, unix, parameters)

    def _add(self, url: Url, unix: str | None, parameters: Parameters) -> Worker:
        worker = Worker(url, parameters, unix=unix, source=self._source)
        workers = self._by_origin.setdefault(origin_key(url, unix), [])
        workers.append(worker)
        workers.sort(key=lambda item: len(item.url.path), reverse=True)
        return worker

    def find(self, url: Url, unix: str | None = None) -> Worker | None:
        """The worker with the longest URL that `url` begins with."""
        return self.serving(origin_key(url, unix), url.path)

    def serving(self, origin: OriginKey, path: str) -> Worker | None:
        """The same for an origin and a path at it."""
        for worker in self._by_origin.get(origin, ()):
            if path.startswith(worker.url.path):
                return worker
        return None

    def generic(self, url: Url, parameters: Parameters, unix: str | None = None) -> Worker:
        """A worker for a target that no definition covers."""
        return Worker(url, parameters, unix=unix, pooled=False, source=self._source)
