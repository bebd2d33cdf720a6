"""Who is in which group: AuthGroupFile, and the providers of Require that want a user.

Laws:
- The file is read when it has changed (modification time or size), so an edit counts at once.
- A file that cannot be read has no members; the error log says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from revproxy.authz.files import FileCache, lines_of
from revproxy.authz.tree import Provider
from revproxy.http.message import Exchange
from revproxy.module import Unset, setting
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """The settings of mod_authz_groupfile."""

    file: str | Unset = setting()


def parse_groups(text: str) -> dict[str, frozenset[str]]:
    """The groups of each user in lower case, from lines `group: user user`."""
    groups: dict[str, set[str]] = {}
    for line in lines_of(text):
        name, colon, members = line.partition(":")
        if not colon or not name or name.startswith("#"):
            continue
        for member in members.split():
            groups.setdefault(member.strip('"'), set()).add(name.strip().lower())
    return {user: frozenset(names) for user, names in groups.items()}


_files = FileCache(parse_groups)


def user_provider(names: Sequence[str]) -> Provider:
    """Require user: one of these."""
    wanted = frozenset(names)
    return lambda exchange: None if exchange.user is None else exchange.user in wanted


def valid_user(exchange: Exchange) -> bool | None:
    """Require valid-user: any user who is known."""
    return None if exchange.user is None else True


def group_provider(names: Sequence[str]) -> Provider:
    """Require group: a user in one of these, whose case does not matter."""
    wanted = frozenset(name.lower() for name in names)

    def provider(exchange: Exchange) -> bool | None:
        if exchange.user is None:
            return None
        settings = exchange.plan.settings.get("mod_authz_groupfile")
        if settings is None or isinstance(settings.file, Unset):
            _log(exchange, "No group file was specified in the configuration")
            return False
        try:
            groups = _files.read(settings.file)
        except OSError as error:
            _log(exchange, f"Could not open group file: {settings.file}: {error.strerror}")
            return False
        return not wanted.isdisjoint(groups.get(exchange.user, frozenset()))

    return provider


def _log(exchange: Exchange, text: str) -> None:
    log = exchange.server.error_log
    if log is not None:
        log.log("error", "authz_groupfile", text, exchange=exchange)
