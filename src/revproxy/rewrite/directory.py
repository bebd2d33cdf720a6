"""The rules of a section: when it is known which file or origin a request is for.

Laws:
- What is compared is the file's name without the section's directory, or the whole URL at the
  origin after `proxy:`.
- A changed name is served as a request of its own, through all rules again; the same name as
  before ends it.
- Without FollowSymLinks or SymLinksIfOwnerMatch there are no rules in sections: 403.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.http.message import Exchange
from revproxy.module import Server, value_or
from revproxy.rewrite.escape import scheme_length
from revproxy.rewrite.rule import Step
from revproxy.rewrite.ruleset import UNCHANGED, is_ended, run_rules
from revproxy.rewrite.run import Run
from revproxy.rewrite.server import leave
from revproxy.rewrite.tell import teller
from revproxy.static.directives import effective_options

_LINKS: Final = frozenset(("FollowSymLinks", "SymLinksIfOwnerMatch"))


class DirectoryRules:
    """The fixups hook of a section's rules; `directory` is what it covers, with a slash."""

    def __init__(
        self, steps: Sequence[Step], server: Server, directory: str, base: str | None
    ) -> None:
        self._steps = steps
        self._server = server
        self._directory = directory
        self._base = base
        self._root = server.document_root.rstrip("/")

    def __call__(self, exchange: Exchange) -> None:
        if is_ended(exchange):
            return
        proxied = exchange.proxy is not None
        before = exchange.filename or exchange.path
        if proxied:
            before = f"proxy:{exchange.proxy.url}"
        elif before + "/" == self._directory:
            return
        _check_links(exchange)
        run = Run(exchange, self._server, before)
        run.prefix = "" if proxied else self._directory
        run.base = self._base
        run.path_info = exchange.path_info
        run.tell = teller(exchange)
        changed = run_rules(self._steps, run)
        if run.forced_type:
            exchange.notes["rewrite-forced-mimetype"] = run.forced_type.lower()
        if changed != UNCHANGED:
            self._leave(run, changed, before)

    def _leave(self, run: Run, changed: int, before: str) -> None:
        """Act on a result. Raises HTTPError for a redirect, InternalRedirect for another path."""
        exchange, name = run.exchange, run.filename
        length = scheme_length(name)
        if self._base is not None and length:
            name = _with_base(name, length, self._directory, self._base)
        if leave(run, changed, name):
            return
        if name[:1] != "/":
            raise HTTPError(400)
        if name == before:
            exchange.query = run.args
            return
        prefix, root = exchange.context or ("", self._root)
        if self._base is not None:
            name = _substituted(name, self._directory, self._base)
        elif root:
            name = _substituted(name, root, prefix)
        raise InternalRedirect(name, run.args)


def _with_base(url: str, length: int, directory: str, base: str) -> str:
    """The URL of a redirect with RewriteBase where the directory's path stands."""
    start = url.find("/", length)
    if start < 0:
        return url
    return url[:start] + _substituted(url[start:], directory, base)


def _substituted(name: str, prefix: str, instead: str) -> str:
    """A name with another beginning, where it begins with `prefix`."""
    prefix = prefix.rstrip("/") + "/"
    if not name.startswith(prefix):
        return name
    return instead.rstrip("/") + "/" + name[len(prefix) :]


def _check_links(exchange: Exchange) -> None:
    """Refuse rules where links may not be followed. Raises HTTPError(403)."""
    changes = value_or(exchange.plan.settings["core"].option_changes, ())
    if changes and not _LINKS & effective_options(changes):
        raise HTTPError(
            403,
            "Options FollowSymLinks and SymLinksIfOwnerMatch are both off, so the RewriteRule "
            "directive is also forbidden due to its similar ability to circumvent directory "
            f"restrictions : {exchange.filename}",
        )
