"""The rules of a section: when it is known which file or origin a request is for.

Laws:
- What is compared is the file's name without the section's directory, or the whole URL at the
  origin after `proxy:`.
- A changed name is served as a request of its own, through all rules again; the same name as
  before ends it.
- Without FollowSymLinks or SymLinksIfOwnerMatch there are no rules in sections: 403.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.http.message import Exchange
from revproxy.module import Server, value_or
from revproxy.rewrite.escape import scheme_length
from revproxy.rewrite.rule import Step
from revproxy.rewrite.ruleset import UNCHANGED, RuleList, is_ended, run_rules
from revproxy.rewrite.run import Run
from revproxy.rewrite.server import leave
from revproxy.rewrite.tell import listen
from revproxy.static.directives import effective_options

_LINKS: Final = frozenset(("FollowSymLinks", "SymLinksIfOwnerMatch"))


class DirectoryRules:
    """The fixups hook of a section's rules; `directory` is what it covers, with a slash."""

    def __init__(
        self,
        steps: Sequence[Step],
        server: Server,
        directory: str,
        base: str | None,
        options: Container[str],
    ) -> None:
        self._rules = RuleList(steps)
        self._server = server
        self._directory = directory
        self._base = base
        self._ignores_context = "ignorecontextinfo" in options
        self._needs_slash = "allownoslash" not in options
        self._root = server.document_root.rstrip("/")

    def __call__(self, exchange: Exchange) -> None:
        proxied = exchange.proxy is not None
        before = exchange.filename or exchange.path
        if proxied:
            before = f"proxy:{exchange.proxy.url}"
        elif self._needs_slash and before + "/" == self._directory:
            return
        if is_ended(exchange):
            run = Run(exchange, self._server, before)
            run.place = run.prefix = self._directory
            listen(run)
            if run.log is not None:
                run.log(8, "Declining, no further rewriting due to END flag")
            return
        _check_links(exchange)
        run = Run(exchange, self._server, before)
        run.place = self._directory
        run.prefix = "" if proxied else self._directory
        run.base = self._base
        run.path_info = exchange.path_info
        listen(run)
        changed = run_rules(self._rules, run)
        if changed != UNCHANGED:
            self._leave(run, changed, before)
        elif run.log is not None:
            run.log(1, f"pass through {run.filename}")

    def _leave(self, run: Run, changed: int, before: str) -> None:
        """Act on a result. Raises HTTPError for a redirect, InternalRedirect for another path."""
        exchange, name = run.exchange, run.filename
        length = scheme_length(name)
        if self._base is not None and length:
            name = _with_base(run, name, length, self._directory, self._base)
        if leave(run, changed, name):
            return
        if name[:1] != "/":
            raise HTTPError(400)
        exchange.query = run.args
        if name == before:
            if run.log is not None:
                run.log(1, f"initial URL equal rewritten URL: {name} [IGNORING REWRITE]")
            return
        # What a rule with R said before stays the status of whatever is found there.
        exchange.status = run.status or exchange.status
        url = self._as_url(run, name)
        if run.log is not None:
            run.log(1, f"internal redirect with {url} [INTERNAL REDIRECT]")
        raise _redirect(url, run.args)

    def _as_url(self, run: Run, name: str) -> str:
        """The URL path of a result, which may be a file's name."""
        url = name
        if self._base is not None:
            if run.log is not None:
                run.log(2, f"trying to replace prefix {self._directory} with {self._base}")
            url = _substituted(run, name, self._directory, self._base)
            if name.startswith(self._directory):
                return url
        elif self._root and name.startswith(f"{self._root}/"):
            url = name[len(self._root) :]
            if run.log is not None:
                run.log(2, f"strip document_root prefix: {name} -> {url}")
        if url != name or self._ignores_context:
            return url
        prefix, root = run.exchange.context or ("", self._root)
        if run.log is not None:
            text = f"trying to replace context docroot {root} with context prefix {prefix}"
            run.log(2, text)
        return _substituted(run, url, root, prefix)


def _redirect(path: str, query: str | None) -> InternalRedirect:
    """The redirect to a result, read as the URL that it now is: with a query, without a fragment.

    What is no path is 400 where it would be served: a sub-request leaves it alone.
    """
    target = path if query is None else f"{path}?{query}"
    path, mark, query = target.partition("#")[0].partition("?")
    if path[:1] == "/":
        path = "/" + path.lstrip("/")
    return InternalRedirect(path, query if mark else None)


def _with_base(run: Run, url: str, length: int, directory: str, base: str) -> str:
    """The URL of a redirect with RewriteBase where the directory's path stands."""
    start = url.find("/", length)
    if start < 0 or start + 1 == len(url):
        return url
    if run.log is not None:
        run.log(2, f"trying to replace prefix {directory} with {base}")
    # Without the slash they begin with: the directory "/" is replaced where two slashes stand.
    start += 1
    prefix = directory.removeprefix("/")
    return url[:start] + _substituted(run, url[start:], prefix, base.removeprefix("/"))


def _substituted(run: Run, name: str, prefix: str, instead: str) -> str:
    """A name with another beginning, where it begins with `prefix`; with none, where that is ""."""
    prefix = prefix.removesuffix("/") + "/"
    if not name.startswith(prefix):
        return name
    if instead:
        instead = instead.removesuffix("/") + "/"
    rest = name[len(prefix) :]
    if run.log is not None:
        run.log(5, f"strip matching prefix: {name} -> {rest}")
        run.log(4, f"add subst prefix: {rest} -> {instead}{rest}")
    return instead + rest


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
