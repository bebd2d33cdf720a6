"""What a configuration names on the machine it runs on: `lint --strict` asks for all of it.

Laws:
- Certificates and keys, files of users, maps and types are to be read; the directories of logs and
  documents are to be there; the hosts of listeners, virtual hosts and origins are to be found.
- Names that a request completes (`$1`, `%0`, expressions) are left alone.
- Where all is there the plan is made as at start, so certificates and keys are looked into.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Final

from revproxy.config.codes import NOT_THERE
from revproxy.config.tree import Directive, Word
from revproxy.errors import Diagnostic, Severity
from revproxy.http.uri import parse_url
from revproxy.plan.addresses import written
from revproxy.plan.load import Loaded

_FILES: Final[dict[str, int]] = {
    "authuserfile": 0, "authgroupfile": 0, "typesconfig": 0, "mimemagicfile": 0,
    "remoteipinternalproxylist": 0, "remoteiptrustedproxylist": 0,
    "sslcadnrequestfile": 0, "sslsessionticketkeyfile": 0,
}  # fmt: skip
"""Directives that name a file, and which argument it is."""
_FOLDERS: Final = frozenset({"documentroot", "cacheroot", "chrootdir", "coredumpdirectory"})
_LOGS: Final = frozenset({"errorlog", "customlog", "transferlog", "globallog", "forensiclog"})
_WRITTEN: Final = frozenset({"pidfile", "scoreboardfile"})
_ORIGINS: Final[dict[str, int]] = {
    "proxypass": -1, "proxypassmatch": -1, "balancermember": -1, "proxyremote": 1, "proxy": 0,
}  # fmt: skip
"""Directives that name an origin; -1 for the first argument that is a URL."""
_OPEN: Final = ("$", "%", "*", "?")


def not_there(loaded: Loaded) -> Iterator[Diagnostic]:
    """What is missing."""
    known: dict[str, bool] = {}
    found = False
    for directive in loaded.configuration.walk():
        missing = [
            *_missing_paths(directive, loaded.configuration.server_root),
            *(
                (word, f"there is no host {host}")
                for word, host in _hosts(directive)
                if not _is_found(host, known)
            ),
        ]
        found = found or bool(missing)
        for word, message in missing:
            yield Diagnostic(NOT_THERE, Severity.ERROR, word.location, message)
    if not found and not loaded.has_errors:
        yield from loaded.trial()


def _missing_paths(directive: Directive, root: str) -> Iterator[tuple[Word, str]]:
    key, words = directive.key, directive.args
    if not words:
        return
    if key in _FILES:
        yield from _without(words[_FILES[key]], root, os.path.isfile, "file")
    elif key in _FOLDERS:
        yield from _without(words[0], root, os.path.isdir, "directory")
    elif key in _LOGS:
        yield from _log(words[0], root)
    elif key in _WRITTEN:
        yield from _without(words[0], root, _is_in_directory, "directory of")


def _hosts(directive: Directive) -> Iterator[tuple[Word, str]]:
    """The hosts that a directive names."""
    key, words = directive.key, directive.args
    if key in _ORIGINS:
        first = _ORIGINS[key]
        for word in words if first < 0 else words[first : first + 1]:
            host = _host_of(word.text)
            if host:
                yield word, host
                break
    elif key in ("virtualhost", "listen"):
        for word in words if key == "virtualhost" else words[:1]:
            host = written(word.text)[0].strip("[]")
            if not host.isdigit() and host not in ("", "*", "_default_"):
                yield word, host


def _without(
    word: Word, root: str, test: Callable[[bytes], bool], kind: str
) -> Iterator[tuple[Word, str]]:
    path = os.path.join(root, word.text)
    if not any(char in word.text for char in _OPEN) and not test(path.encode("latin-1")):
        yield word, f"there is no {kind} {path}"


def _log(word: Word, root: str) -> Iterator[tuple[Word, str]]:
    """A log's directory, or the program behind a pipe."""
    text = word.text
    if not text.startswith("|"):
        if not text.lower().startswith(("expr=", "syslog")):
            yield from _without(word, root, _is_in_directory, "directory of")
        return
    program = text.lstrip("|$ ").partition(" ")[0].strip("\"'")
    if program.startswith("/") and not os.access(program.encode("latin-1"), os.X_OK):
        yield word, f"there is no program {program}"


def _is_in_directory(path: bytes) -> bool:
    return os.path.isdir(os.path.dirname(path))


def _host_of(text: str) -> str:
    """The host of a URL, "" where it is none or not one host."""
    if "://" not in text or text.startswith(("unix:", "balancer:")):
        return ""
    try:
        url = parse_url(text)
    except ValueError:
        return ""
    host = url.host or ""
    return "" if any(char in host for char in _OPEN) else host


def _is_found(host: str, known: dict[str, bool]) -> bool:
    if host not in known:
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            known[host] = True
        except (OSError, UnicodeError):
            known[host] = False
    return known[host]
