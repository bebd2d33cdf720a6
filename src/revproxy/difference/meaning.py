"""The lines of a place by what they mean: which belong together, which stand in whose way.

Laws:
- Two lines are the same where Apache reads the same words: case of names, quotes, blanks, and the
  file, include or macro they come from do not count.
- Lines of different domains never wait for each other. Within a domain the order counts for those
  that can meet the same request: of `ProxyPass /a` and `ProxyPass /b` neither does.
- A condition belongs to its rule. Of a setting that is given twice the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from revproxy.config.catalogue import catalogue
from revproxy.config.tree import Directive
from revproxy.records import dataclass

Words: TypeAlias = tuple[str, ...]

_DOMAINS: Final = {
    **dict.fromkeys(("proxypass", "proxypassmatch"), "mapping"),
    **dict.fromkeys(("redirect", "redirectmatch", "redirectpermanent", "redirecttemp"), "redirect"),
    **dict.fromkeys(("alias", "aliasmatch"), "alias"),
    **dict.fromkeys(("location", "locationmatch"), "location"),
    **dict.fromkeys(("directory", "directorymatch"), "directory"),
    **dict.fromkeys(("files", "filesmatch"), "files"),
    **dict.fromkeys(("proxy", "proxymatch"), "proxy"),
    **dict.fromkeys(("if", "elseif", "else"), "if"),
    **dict.fromkeys(("limit", "limitexcept"), "limit"),
    **dict.fromkeys(
        ("setenvif", "setenvifnocase", "setenvifexpr", "browsermatch", "browsermatchnocase"),
        "environment",
    ),
    **dict.fromkeys(("setenv", "unsetenv", "passenv"), "variables"),
    **dict.fromkeys(("requireall", "requireany", "requirenone", "require"), "require"),
}
"""Directives that are looked at together; any other has a domain of its own."""

_UNORDERED: Final = frozenset(
    (
        *("require", "serveralias", "listen", "loadmodule", "customlog", "globallog", "logformat"),
        *("transferlog", "allow", "deny", "limit", "proxyblock", "addtype", "addencoding"),
        *("addcharset", "addlanguage", "addhandler", "rewritemap", "rewriteoptions"),
        *("expiresbytype", "sslcertificatefile", "sslcertificatekeyfile"),
    )
)
"""The domains whose order says nothing."""

_BY_PATH: Final = frozenset(("mapping", "redirect", "alias", "location", "proxy", "directory"))
_BY_NAME: Final = frozenset(("header", "requestheader"))
_MATCHES: Final = frozenset(
    ("proxypassmatch", "redirectmatch", "aliasmatch", "locationmatch", "directorymatch")
)
_LISTS: Final = frozenset(("ip", "host", "user", "group", "method", "forward-dns"))
_STATUS: Final = {"permanent": "301", "temp": "302", "seeother": "303", "gone": "410"}
_LAST: Final = frozenset(
    (
        *("servername", "documentroot", "timeout", "keepalivetimeout", "proxytimeout", "proxyvia"),
        *("serveradmin", "errorlog", "sethandler", "setoutputfilter", "setinputfilter"),
        *("rewritebase", "servertokens", "serversignature", "allowencodedslashes", "authname"),
        *("authtype", "fallbackresource", "limitrequestbody", "proxyerroroverride", "pidfile"),
    )
)


@dataclass(frozen=True, slots=True)
class Item:
    """A line, a rule with its conditions, or a section."""

    domain: str
    words: Words
    """What is read, in one spelling; the directive's name is the first."""
    directives: tuple[Directive, ...]
    children: tuple[Item, ...] = ()

    @property
    def directive(self) -> Directive:
        """The line that names it: the rule after its conditions."""
        return self.directives[-1]

    @property
    def meaning(self) -> tuple[Words, tuple[object, ...]]:
        """What makes it the same as another one."""
        if self.domain in _ORDERED_INSIDE:
            return self.words, tuple(child.meaning for child in self.children)
        return self.words, tuple(sorted(child.meaning for child in self.children))

    @property
    def identity(self) -> Words:
        """What it is about: one that is about the same thing has changed, no other has come."""
        if self.domain == "rewrite":
            return (self.domain, *self.directive.values[:1])
        if self.directive.is_section:
            return (self.domain, *self.words[1:])
        if self.domain == "proxypassreverse":
            return (self.domain, *self.words[1:2])
        if self.domain in _BY_PATH and len(self.words) > 2:
            return (self.domain, self.words[_path_at(self)])
        if self.domain in _BY_NAME:
            return (self.domain, _header_name(self))
        if self.domain in ("errordocument", "rewritemap"):
            return self.words[:2]
        return (self.domain,)

    @property
    def text(self) -> str:
        """The item as it is written."""
        shown = self.directive.location.source.strip()
        return f"{shown} (with its conditions)" if len(self.directives) > 1 else shown


_ELSEWHERE: Final = frozenset(("virtualhost", "define", "undefine"))
"""What is compared by itself, and what has done its work when the file is read."""

_ORDERED_INSIDE: Final = frozenset(("location", "directory", "files", "proxy", "if", "limit"))


def items_of(directives: Iterable[Directive]) -> list[Item]:
    """The items of a place, in file order."""
    found: list[Item] = []
    conditions: list[Directive] = []
    for directive in directives:
        if directive.refused or directive.key in _ELSEWHERE:
            continue
        if directive.key == "rewritecond":
            conditions.append(directive)
        elif directive.key == "rewriterule":
            lines = (*conditions, directive)
            words = tuple(word for line in lines for word in (line.key, *line.values))
            found.append(Item("rewrite", words, lines))
            conditions = []
        else:
            found += _items(directive)
    last = {item.domain: item for item in found if _is_single(item)}
    return [item for item in found if last.get(item.domain, item) is item]


def _items(directive: Directive) -> list[Item]:
    domain = _DOMAINS.get(directive.key, directive.key)
    children = tuple(items_of(directive.children or ()))
    if directive.key == "serveralias":
        return [
            Item(domain, (directive.key, word.lower()), (directive,)) for word in directive.values
        ]
    return [Item(domain, _words(directive), (directive,), children)]


def _is_single(item: Item) -> bool:
    """Whether the last one of these is the one that counts."""
    entry = catalogue().directives.get(item.directive.key)
    return item.domain in _LAST or (entry is not None and entry.style == "FLAG")


def _words(directive: Directive) -> Words:
    """A line in one spelling."""
    key, values = directive.key, list(directive.values)
    if values[:1] == ["~"] and key in ("location", "directory", "files", "proxy"):
        key, values = f"{key}match", values[1:]
    if key in ("redirectpermanent", "redirecttemp"):
        values.insert(0, "301" if key == "redirectpermanent" else "302")
        key = "redirect"
    elif key in ("redirect", "redirectmatch") and values:
        status = _STATUS.get(values[0].lower(), values[0])
        values[:1] = [status] if status.isdigit() else ["302", values[0]]
    elif key == "require" and values and values[0].lower() in _LISTS:
        values[1:] = sorted(values[1:])
    elif key == "servername":
        values = [value.lower() for value in values]
    return (key, *(value.lower() if value.lower() in ("on", "off") else value for value in values))


def _path_at(item: Item) -> int:
    """Where an item's words name its path."""
    return 2 if item.domain == "redirect" else 1


def _header_name(item: Item) -> str:
    words = [word.lower() for word in item.words[1:]]
    if words[:1] in (["always"], ["onsuccess"]):
        del words[0]
    return words[1].removesuffix(":") if len(words) > 1 else ""


def are_related(first: Item, second: Item) -> bool:
    """Whether it may matter which of two items of a domain comes first."""
    if first.domain in _UNORDERED:
        return False
    if first.domain in ("errordocument", "variables"):
        return first.words[1:2] == second.words[1:2]
    reaches = _reach(first), _reach(second)
    if None in reaches:
        return True
    one, other = map(str, reaches)
    if first.domain in _BY_NAME:
        return one == other
    return one.startswith(other) or other.startswith(one)


def corner(item: Item) -> str | None:
    """Items of different corners are not related; one without a corner may be to any."""
    reach = _reach(item)
    if reach is None or item.domain in _BY_NAME:
        return reach
    scheme, mark, rest = reach.rpartition("://")
    first = rest.lstrip("/").partition("/")[0]
    if not first or (mark and "/" not in rest):
        return None
    return f"{scheme}{mark}{first}"


def _reach(item: Item) -> str | None:
    """The header, path or URL that an item is about; None where it may meet anything."""
    if item.domain in _BY_NAME:
        return _header_name(item)
    if item.domain == "proxypassreverse":
        words = [word for word in item.words[1:] if word.lower() != "interpolate"]
        return None if "$" in words[-1] else words[-1].lower()
    at = _path_at(item)
    if item.domain not in _BY_PATH or item.words[0] in _MATCHES or len(item.words) <= at:
        return None
    path = item.words[at]
    return None if any(char in path for char in "*?[$") else path.rstrip("/") + "/"


def names_of(directives: Sequence[Directive]) -> tuple[str, ...]:
    """ServerName and the aliases of a virtual host, in lower case."""
    found = []
    for directive in directives:
        if directive.key == "servername":
            found.append(directive.values[0].lower().rpartition("://")[2].partition(":")[0])
        elif directive.key == "serveralias":
            found += [value.lower() for value in directive.values]
    return tuple(found)
