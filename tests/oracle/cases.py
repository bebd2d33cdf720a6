"""The cases: data in `cases/*.toml`, read into what the harness runs.

Laws:
- A case belongs to one configuration; all cases of a configuration share one start of each server.
- `differs` names a field (or `*`) and the entry of `docs/differences.md` that justifies it.
- An unknown key is an error: a case with a slip in it would test nothing.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
HOST = "www.example.test"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the scripted origin does with one request.

    `early` is sent when the head has been read, `send` after the body. `then` says how the
    connection goes on: keep, close, reset, hold (until the peer closes), echo (a tunnel), or
    "" to close just where the response has no length of its own. `accept` closes a connection
    before anything is read.
    """

    send: str = ""
    early: str = ""
    then: str = ""
    accept: bool = False
    body: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation of a client with the server, and what may be said of it."""

    name: str
    config: str
    requests: tuple[str, ...]
    origin: tuple[Reply, ...]
    responses: int = 1
    port: int = 1
    tls: str = ""
    """The name the client asks for by TLS, "-" for none; "" for a plain connection."""
    client: str = ""
    """Whose certificate the client has."""
    version: str = ""
    """The highest version of TLS that the client speaks."""
    later: bool = False
    """The client may be asked for its certificate amid a connection (TLS 1.3)."""
    shutdown: bool = False
    ordered: bool = False
    reuse: bool = False
    tunnel: str = ""
    lines: int = 0
    """Lines of the log that come without a response."""
    told: str = ""
    """The module whose lines in the error log count."""
    expect: int | None = None
    differs: dict[str, str] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A configuration with the files below its directory and the cases that run on it."""

    topic: str
    name: str
    config: str
    files: dict[str, str]
    cases: tuple[Case, ...]

    @property
    def id(self) -> str:
        return f"{self.topic}/{self.name}"


@dataclass(frozen=True, slots=True)
class ConfigCase:
    """A file for `apache2 -t` and `revproxy lint`: both must blame the same line, or none."""

    topic: str
    name: str
    config: str
    files: dict[str, str]
    differs: str = ""
    expect: int | None = None


def groups() -> list[Group]:
    """Every group of every topic that holds conversations."""
    found = []
    for path in sorted(CASES.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        if "configs" in data:
            found += _groups(path.stem, data)
    return found


def config_cases() -> list[ConfigCase]:
    """Every case of `config_*.toml`: a file that is right or wrong."""
    found = []
    for path in sorted(CASES.glob("config_*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        _known(path.stem, data, {"file"})
        for entry in data["file"]:
            _known(path.stem, entry, {"name", "config", "files", "differs", "expect"})
            found.append(
                ConfigCase(
                    path.stem,
                    entry["name"],
                    entry["config"],
                    entry.get("files", {}),
                    entry.get("differs", ""),
                    entry.get("expect"),
                )
            )
    return found


def _groups(topic: str, data: dict[str, Any]) -> list[Group]:
    _known(topic, data, {"configs", "files", "case"})
    configs: dict[str, str] = data["configs"]
    first = next(iter(configs))
    cases = [_case(topic, entry, first) for entry in data["case"]]
    stray = {case.config for case in cases} ^ set(configs)
    if stray:
        raise ValueError(f"{topic}: configurations without cases, or the other way round: {stray}")
    return [
        Group(
            topic,
            name,
            text,
            data.get("files", {}),
            tuple(case for case in cases if case.config == name),
        )
        for name, text in configs.items()
    ]


_SHORT = {"get", "host", "headers"}
_CASE = set(Case.__dataclass_fields__) | {"request"} | _SHORT


def _case(topic: str, entry: dict[str, Any], first: str) -> Case:
    _known(f"{topic}: {entry.get('name')}", entry, _CASE)
    entry = dict(entry)
    if "get" in entry:
        entry["requests"] = [_get(entry)]
    elif "request" in entry:
        entry["requests"] = [entry.pop("request")]
    for key in _SHORT:
        entry.pop(key, None)
    entry["config"] = entry.get("config", first)
    entry["requests"] = tuple(entry["requests"])
    entry["origin"] = tuple(_reply(item) for item in entry.get("origin", ()))
    entry["ignore"] = tuple(entry.get("ignore", ()))
    if "*" in entry.get("differs", {}) and "status" not in entry.get("ours", {}):
        raise ValueError(f"{topic}: {entry['name']}: differs in all, and says not what is right")
    return Case(**entry)


def _get(entry: dict[str, Any]) -> str:
    headers = entry.get("headers", "").rstrip("\n")
    lines = [f"GET {entry['get']} HTTP/1.1", f"Host: {entry.get('host', HOST)}"]
    return "\n".join([*lines, *([headers] if headers else []), "", ""])


def _reply(item: str | dict[str, Any]) -> Reply:
    return Reply(send=item) if isinstance(item, str) else Reply(**item)


def _known(where: str, entry: dict[str, Any], keys: set[str]) -> None:
    unknown = set(entry) - keys
    if unknown:
        raise ValueError(f"{where}: unknown keys {sorted(unknown)}")
