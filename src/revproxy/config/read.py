"""Files to a tree of directives, as Apache reads them.

Laws:
- What acts while reading acts in order: `${VAR}`, Define, conditions, Include, macros, LoadModule,
  ServerRoot. What is inside a false condition is never looked at.
- Every mistake is a Diagnostic, and all are found. Only what would not end (includes or macros
  without end) stops the reading.
- A file that loads modules and listens is a whole server's file: only what it loads is there.
  Without a Listen and without a process model Apache could not start with it: then it is a snippet
  for some server, and every module is there, as in a file that loads none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from revproxy.config import codes
from revproxy.config.acts import State, Whole
from revproxy.config.catalogue import MPM_MODULES, catalogue
from revproxy.config.conditions import APACHE_VERSION
from revproxy.config.reader import Reader
from revproxy.config.tree import Configuration
from revproxy.errors import DirectiveError, Location

__all__ = ["SERVER_ROOT", "Configuration", "read_file", "read_text"]

SERVER_ROOT: Final = "/etc/apache2"
"""Where a configuration begins that has no ServerRoot, as Debian builds Apache."""


def read_file(
    path: str,
    *,
    defines: Iterable[str] = (),
    loaded: Iterable[str] | None = None,
    server_root: str = SERVER_ROOT,
    environ: Mapping[str, str] | None = None,
    prepare: Callable[[str], str] | None = None,
    release: tuple[int, ...] | None = None,
) -> Configuration:
    """Read the configuration that begins in the file `path`.

    `defines` are names as after Apache's -D. `loaded` are the modules that are there from the
    start, besides the static ones; without it the file decides. A file that cannot be read is
    a Diagnostic too. `prepare` changes the text of each file before it is read, and no place in it.
    Conditions are asked about `release`, the newest Apache without it.
    """

    def begin(reader: Reader) -> None:
        try:
            source = reader.open(path, None)
        except DirectiveError as error:
            reader.state.report(codes.UNREADABLE_FILE, Location(path, 1), error.message)
        else:
            reader.read_first(source)

    return _read(begin, defines, loaded, server_root, environ, prepare, release)


def read_text(
    text: str | bytes,
    name: str = "-",
    *,
    defines: Iterable[str] = (),
    loaded: Iterable[str] | None = None,
    server_root: str = SERVER_ROOT,
    environ: Mapping[str, str] | None = None,
    prepare: Callable[[str], str] | None = None,
    release: tuple[int, ...] | None = None,
) -> Configuration:
    """Read a configuration from memory; `name` stands for the file in what is reported."""
    latin = text if isinstance(text, str) else text.decode("latin-1")

    def begin(reader: Reader) -> None:
        reader.read_first(reader.source(name, latin, None))

    return _read(begin, defines, loaded, server_root, environ, prepare, release)


def _read(
    begin: Callable[[Reader], None],
    defines: Iterable[str],
    loaded: Iterable[str] | None,
    server_root: str,
    environ: Mapping[str, str] | None,
    prepare: Callable[[str], str] | None,
    release: tuple[int, ...] | None,
) -> Configuration:
    known = catalogue()
    names = frozenset(defines)

    def attempt(modules: frozenset[str], whole: bool | None) -> Reader:
        reader = Reader(
            State(
                catalogue=known,
                loaded=set(modules),
                whole=whole,
                server_root=server_root,
                environ=os.environ if environ is None else environ,
                defined=set(names),
                prepare=prepare,
                release=release or APACHE_VERSION,
            )
        )
        begin(reader)
        return reader

    if loaded is not None:
        reader = attempt(known.static_modules | frozenset(loaded), True)
    else:
        try:
            reader = attempt(known.all_modules, None)
        except Whole:
            reader = attempt(known.static_modules, True)
            if not _could_start(reader):
                reader = attempt(known.all_modules, False)
    return _configuration(reader)


def read_access_file(path: str, server: Configuration) -> Configuration:
    """Read an access file (`.htaccess`) of a server with this configuration. Raises OSError."""
    with open(path.encode("latin-1"), "rb") as file:
        text = file.read().decode("latin-1")
    state = State(
        catalogue=catalogue(),
        loaded=set(server.loaded),
        whole=server.whole,
        server_root=server.server_root,
        environ=os.environ,
        defined=set(server.defines),
        values={name: value for name, value in server.defines.items() if value},
        acts=False,
    )
    reader = Reader(state)
    reader.read_first(reader.source(path, text, None))
    return _configuration(reader)


def _configuration(reader: Reader) -> Configuration:
    state = reader.state
    return Configuration(
        directives=reader.directives,
        loaded=frozenset(state.loaded),
        whole=bool(state.whole),
        server_root=state.server_root,
        defines={name: state.values.get(name, "") for name in sorted(state.defined)},
        reads=tuple(state.reads),
        texts=state.texts,
        diagnostics=state.diagnostics,
    )


def _could_start(reader: Reader) -> bool:
    """Whether a server could begin with what was read, as far as sockets and processes go."""
    return not MPM_MODULES.isdisjoint(reader.state.loaded) or any(
        directive.key == "listen" for directive in reader.directives
    )
