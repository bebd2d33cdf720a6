"""The architecture: who may import whom, and how long a file may be.

Laws:
- A room is a file or a folder right below `revproxy`; what it may import stands in `ROOMS`, what
  single files of it may import besides in `FILES`. What does not stand there is forbidden.
- Of a room that may import just part of another, that part is named (`config.tree`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "revproxy"
THIRD = {"cryptography", "trio", "h11", "lark", "lxml", "greenlet"}
LONGEST = 420

# What stands beside the language.
EVERYWHERE = {"records"}
# What an engine of a module may know: the vocabulary and the contract, no socket and no plan.
ENGINE = {"module", "filters", "http", "errors", "pattern", "config.tree"}
ROOMS: dict[str, set[str]] = {
    "__init__": set(),
    "errors": set(),
    "records": set(),
    "http": {"errors", "__version__"},
    "pattern": {"errors"},
    "filters": {"http", "errors"},
    "filtered": {"filters", "http", "errors", "lane"},
    "module": {"http", "errors", "filters", "pattern", "config.tree"},
    "named_filters": ENGINE,
    "coding": {"filters", "http", "errors", "module", "config.tree"},
    "html": {*ENGINE, "coding"},
    "sed": {"pattern"},
    "config": {"errors", "pattern"},
    "lane": {"trio"},
    "waiting": {"greenlet"},
    "process": {"http", "errors"},
    "subrequest": {"http", "errors", "process", "waiting"},
    "sockets": {"trio", "lane"},
    "tls": {*ENGINE, "authn", "config.expr", "cryptography"},
    "upstream": {"http", "errors", "sockets", "lane", "trio", "tls"},
    "logs": {"errors", "http"},
    "log_line": {"http"},
    "scoreboard": set(),
    "log_format": {"errors", "http", "log_line", "module"},
    "log_json": {"http", "module"},
    "error_log_format": {"errors", "http"},
    "error_log": {"errors", "http", "logs", "error_log_format"},
    "headers": ENGINE,
    "authz": {*ENGINE, "lane", "trio"},
    "authn": {*ENGINE, "authz", "lane", "trio"},
    "static": ENGINE,
    "autoindex": {*ENGINE, "lane", "rewrite", "static", "subrequest", "waiting"},
    "negotiation": {*ENGINE, "lane", "rewrite", "static", "subrequest", "waiting"},
    "proxy": {*ENGINE, "upstream"},
    "rewrite": {*ENGINE, "proxy", "static", "config.expr", "subrequest", "waiting", "lane", "trio"},
    "modules": {
        *(ENGINE | {"upstream", "config.expr"}),
        *(
            "autoindex",
            "coding",
            "html",
            "sed",
            "filtered",
            "headers",
            "named_filters",
            "negotiation",
            "authn",
            "authz",
            "static",
            "proxy",
            "rewrite",
            "tls",
            "logs",
            "log_format",
            "log_line",
            "log_json",
            "error_log",
            "scoreboard",
            "subrequest",
            "waiting",
        ),
        "error_log_format",
    },
    "plan": {
        "authz",
        "config",
        "module",
        "http",
        "modules",
        "errors",
        "pattern",
        "error_log",
        "error_log_format",
        "logs",
        "tls",
        "static",
    },
    "phases": {
        *("plan.plan", "plan.match", "process", "module", "http", "errors", "filters"),
        "filtered",
    },
    "server": {
        *("plan.plan", "plan.match", "phases", "http", "sockets", "errors"),
        *("logs", "lane", "scoreboard", "tls", "trio"),
    },
    "lint": {
        *("__version__", "config", "plan", "http", "errors"),
        *("pattern", "rewrite.arguments", "proxy.parameters"),
    },
    "trial": {"config", "errors", "explain", "lint.report", "pattern", "plan"},
    "explain": {
        *(
            "config.tree",
            "errors",
            "http",
            "plan",
            "server",
            "upstream",
            "lane",
            "logs",
            "sockets",
            "trio",
        ),
        "lint.report",
    },
    "demo": {"trio", "h11"},
    "difference": {"config", "errors", "explain", "lint.report"},
    "pytest_plugin": {"errors", "lint.report", "trial"},
    "dump": {"config", "errors", "module", "modules", "plan"},
    "layout": {"config"},
    "commands": {
        "__version__",
        "cli",
        "config",
        "dump",
        "layout",
        "errors",
        "explain",
        "lint",
        "plan",
        "server",
        "difference",
        "trial",
    },
    "cli": {"__version__", "commands"},
}
FILES: dict[str, set[str]] = {
    "http/wire.py": {"h11"},
    "config/tables.py": {"lark"},
    "config/expr.py": {"lark"},
    "config/expr_tree.py": {"lark"},
    "config/expr_values.py": {"subrequest"},
    "config/access.py": {"module"},
    "html/serialise.py": {"lxml"},
    "config/merge.py": {"module"},
    "proxy/handlers.py": {"config.expr"},
}


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Dotted names below `revproxy`, and third parties' names, that a file imports."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}: a relative import"
            whole = node.module or ""
            # `from revproxy import x` and `from revproxy.config import tree` name what they import.
            names = [f"{whole}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "revproxy":
                yield rest
            elif first in THIRD:
                yield first


def allowed(name: str, permitted: set[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in permitted for count in range(1, len(parts) + 1))


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_imports_keep_to_the_table(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    assert room in ROOMS, f"{room}: a room that the table does not know"
    own = room if path.parent != SOURCE else ""
    permitted = ROOMS[room] | FILES.get(name_of(path), set()) | EVERYWHERE
    wrong = {
        name
        for name in imported(path)
        if not allowed(name, permitted) and not (own and name.split(".")[0] == own)
    }
    assert not wrong


@pytest.mark.parametrize("path", sorted((SOURCE / "modules").glob("*.py")), ids=name_of)
def test_modules_do_not_know_each_other(path: Path) -> None:
    others = {name for name in imported(path) if name.startswith("modules.")}
    assert not others or path.name == "__init__.py"


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_dataclasses_are_made_by_records(path: Path) -> None:
    """The standard decorator takes too long where a command begins."""
    tree = ast.parse(path.read_bytes())
    uses = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for alias in node.names
    }
    assert path.name == "records.py" or not {"dataclasses.dataclass", "dataclass"} & (uses | names)


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_bytes().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_every_file_opens_with_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_bytes())
    assert ast.get_docstring(tree) or not tree.body
