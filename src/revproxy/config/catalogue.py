"""The catalogue: every directive of Apache 2.4 and what is known of it.

Laws:
- `directives/*.toml` is the only source. `directives/index.json` is derived from it by `index()`
  and holds what checking needs; a test holds the two together. It is there for speed alone:
  to read all TOML files takes longer than to check a small configuration.
- Whether a directive is implemented stands in no file: the caller knows its modules.
- Directives' names compare without case, modules' with it, as in Apache.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Container, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, Final, NamedTuple

from revproxy.records import dataclass

MPM_MODULES: Final = frozenset({"event", "worker", "prefork"})
"""Apache's own process models. They may be loaded; ours stands in for each."""
_COMMON: Final = "mpm_common"
PROCESS_MODULES: Final = MPM_MODULES | {_COMMON}
"""The modules whose directives tune processes: known without any LoadModule."""

SERVED_HERE: Final = frozenset({
    "define", "undefine", "error", "include", "includeoptional", "serverroot",
    "loadmodule", "loadfile", "macro", "use", "undefmacro", "macroignorebadnesting",
    "macroignoreemptyargs", "ifdefine", "ifmodule", "iffile", "ifversion", "ifdirective",
    "ifsection", "virtualhost", "directory", "directorymatch", "files", "filesmatch", "location",
    "locationmatch", "proxy", "proxymatch", "limit", "limitexcept", "if", "elseif", "else",
})  # fmt: skip
"""The directives and sections that reading and merging make something of, in lower case."""

OTHER_SOURCES: Final = {"mpm_trio": ("mpm_trio.c",)}
"""More names that `<IfModule>` knows a module by."""


class Entry(NamedTuple):
    """A directive, as the checks see it."""

    name: str
    module: str
    style: str
    """Apache's kind of argument list: TAKE1, ITERATE, RAW_ARGS ..."""
    allowed: tuple[str, ...]
    """Where it may stand: the bits of Apache's `req_override`."""
    section: bool
    args: tuple[str, ...]
    """The kind of each argument's value, as `check.py` reads it; () where it is not simple."""
    not_in: tuple[str, ...]
    """The sections that it refuses by itself, though `allowed` lets it in."""
    inert: bool
    """It tunes what has no counterpart here: accepted, without effect."""
    also_in: tuple[str, ...]
    """Other modules that know the directive too."""
    elsewhere: bool
    """Apache has it on other systems only: Windows, NetWare, Solaris."""


class ModuleEntry(NamedTuple):
    """A module of Apache."""

    name: str
    identifier: str
    """The name that LoadModule and `<IfModule>` use: proxy_module."""
    source: str
    """The other name that `<IfModule>` knows: mod_proxy.c."""
    static: bool
    """Built into the server: there without LoadModule."""
    elsewhere: bool
    """Apache has it on other systems only."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is known: directives by lower-case name, modules by name."""

    directives: Mapping[str, Entry]
    modules: Mapping[str, ModuleEntry]
    by_identifier: Mapping[str, ModuleEntry]
    """Modules by identifier (proxy_module) and by source file (mod_proxy.c), exactly spelled."""

    @property
    def static_modules(self) -> frozenset[str]:
        """What is there in every server."""
        static = (module.name for module in self.modules.values() if module.static)
        return frozenset({*static, _COMMON})

    @property
    def all_modules(self) -> frozenset[str]:
        """What a snippet finds: every module, but for Apache's process models."""
        return frozenset(
            module.name
            for module in self.modules.values()
            if module.static or not (module.elsewhere or module.name in MPM_MODULES)
        )

    def is_available(self, entry: Entry, loaded: Set[str]) -> bool:
        """Whether one of the loaded modules knows the directive."""
        return not entry.elsewhere and (
            entry.module in loaded
            or entry.module in PROCESS_MODULES
            or not loaded.isdisjoint(entry.also_in)
        )


@functools.cache
def folder() -> Path:
    """Where the TOML files are: beside the package in a wheel, at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "directives"
    return installed if installed.is_dir() else package.parent.parent / "directives"


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue of this installation."""
    data = json.loads((folder() / "index.json").read_text("utf-8"))
    entries = (
        Entry(
            name, module, style, tuple(allowed), section, tuple(args), tuple(not_in), inert,
            tuple(also_in), elsewhere,
        )
        for name, module, style, allowed, section, args, not_in, inert, also_in, elsewhere
        in data["directives"]
    )  # fmt: skip
    directives: dict[str, Entry] = {}
    for entry in entries:
        directives.setdefault(entry.name.lower(), entry)
    modules = {item[0]: ModuleEntry(*item) for item in data["modules"]}
    return Catalogue(
        directives=directives,
        modules=modules,
        by_identifier={
            name: module
            for module in modules.values()
            for name in (module.identifier, module.source, *OTHER_SOURCES.get(module.name, ()))
            if name
        },
    )


@functools.cache
def read_module(name: str) -> Mapping[str, Any]:
    """A module's file."""
    import tomllib

    return tomllib.loads((folder() / f"{name}.toml").read_text("utf-8"))


def module_since(name: str) -> tuple[int, ...]:
    """The release that a module came with; 2.4.0 for those that were always there."""
    return _release(read_module(name)["module"].get("since", "2.4.0"))


def since(entry: Entry) -> tuple[int, ...]:
    """The release that a directive came with, or its module."""
    own = read_module(entry.module)["directives"][entry.name].get("since", "2.4.0")
    return max(_release(own), module_since(entry.module))


def _release(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def syntax(entry: Entry) -> list[str]:
    """How the directive is written, one form a line."""
    lines: list[str] = read_module(entry.module)["directives"][entry.name]["syntax"]
    return lines


def describe(name: str, implemented: Container[str]) -> str:
    """What is known of a directive, or of a module and its directives; "" for neither.

    `implemented` holds the lower-case names that modules parse.
    """
    known = catalogue()
    entry = known.directives.get(name.strip("<>").lower())
    if entry is not None:
        return _describe_directive(entry, implemented)
    module = known.by_identifier.get(name) or known.modules.get(name.lower())
    if module is None:
        module = known.modules.get(f"mod_{name.lower()}")
    return _describe_module(module, implemented) if module is not None else ""


def describe_all(implemented: Container[str]) -> str:
    """Every module and how many of its directives are served."""
    known = catalogue()
    lines = []
    for module in sorted(known.modules.values()):
        entries = [entry for entry in known.directives.values() if entry.module == module.name]
        served = sum(status(entry, implemented) == "implemented" for entry in entries)
        if entries:
            lines.append(f"{module.name:24}{served:4} of {len(entries):3} directives")
    return "\n".join(lines)


def status(entry: Entry, implemented: Container[str]) -> str:
    """What revproxy does with a directive: implemented, inert or unimplemented."""
    if entry.name.lower() in implemented or entry.name.lower() in SERVED_HERE:
        return "implemented"
    return "inert" if entry.inert else "unimplemented"


_STATUS: Final = {
    "implemented": "served as Apache does",
    "inert": "accepted, without effect: it tunes what is not there",
    "unimplemented": "not implemented: an error",
}

_PLACES: Final = (
    ("server and <VirtualHost>", {"RSRC_CONF", "OPTIONS", "FILEINFO", "INDEXES"}),
    (
        "sections (<Directory>, <Files>, <Location>, <Proxy>, <If>)",
        {"ACCESS_CONF", "OPTIONS", "FILEINFO", "INDEXES", "AUTHCFG", "LIMIT"},
    ),
    ("<Proxy>", {"PROXY_CONF"}),
)


def _describe_directive(entry: Entry, implemented: Container[str]) -> str:
    item = read_module(entry.module)["directives"][entry.name]
    places = [place for place, bits in _PLACES if bits & set(entry.allowed)]
    rows = [("syntax", line) for line in item["syntax"]]
    if "default" in item:
        rows.append(("default", item["default"]))
    if since(entry) > (2, 4, 0):
        rows.append(("since", f"Apache {'.'.join(map(str, since(entry)))}"))
    rows.append(("stands in", ", ".join(places)))
    if entry.not_in:
        rows.append(("not in", ", ".join(f"<{name}>" for name in entry.not_in)))
    rows += [
        ("module", entry.module),
        ("revproxy", _STATUS[status(entry, implemented)]),
    ]
    title = f"<{entry.name}>" if entry.section else entry.name
    body = "\n".join(f"  {label:10} {text}" for label, text in rows)
    return f"{title}: {item['summary']}\n{body}"


def _describe_module(module: ModuleEntry, implemented: Container[str]) -> str:
    file = read_module(module.name)
    lines = [f"{module.name}: {file['module']['summary']}"]
    if module.identifier:
        lines.append(f"  {module.identifier}, {module.source}")
    for name, item in file.get("directives", {}).items():
        entry = catalogue().directives[name.lower()]
        mark = {"implemented": "+", "inert": "o", "unimplemented": "-"}[status(entry, implemented)]
        lines.append(f"  {mark} {name:32} {item['summary']}")
    lines.append("  (+ served, o accepted without effect, - not implemented)")
    return "\n".join(lines)


def read_toml() -> Iterator[Mapping[str, Any]]:
    """Every module's file, by name."""
    for path in sorted(folder().glob("*.toml")):
        yield read_module(path.stem)


def index() -> str:
    """What `index.json` must hold."""
    modules = []
    directives = []
    for file in read_toml():
        module = file["module"]
        modules.append(
            ModuleEntry(
                name=module["name"],
                identifier=module.get("identifier", ""),
                source=module.get("source", ""),
                static=module.get("static", False),
                elsewhere=module.get("elsewhere", False),
            )
        )
        for name, item in file.get("directives", {}).items():
            directives.append(
                Entry(
                    name=name,
                    module=module["name"],
                    style=item["style"],
                    allowed=tuple(item["allowed"]),
                    section=item.get("section", False),
                    args=tuple(item.get("args", ())),
                    not_in=tuple(item.get("not_in", ())),
                    inert=item.get("inert", False),
                    also_in=tuple(item.get("also_in", ())),
                    elsewhere=item.get("elsewhere", False),
                )
            )
    lines = (
        '{"modules": [',
        ",\n".join(json.dumps(item) for item in modules),
        '],\n"directives": [',
        ",\n".join(json.dumps(item) for item in directives),
        "]}",
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (folder() / "index.json").write_text(index(), "utf-8")
