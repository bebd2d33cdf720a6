"""Which line goes to which log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from revproxy import logs
from revproxy.errors import DirectiveError
from revproxy.logs import Logs
from revproxy.module import Scope, Server, merge_settings
from revproxy.modules.mod_log_config import MODULE
from tests.exchanges import make_exchange, parse

VIRTUAL = Scope(virtual=True)


@pytest.fixture
def targets():
    table = Logs()
    former = logs.swap(table)
    yield table
    logs.swap(former).close()


def run(targets: Logs, main: str, *hosts: str, paths: tuple[str, ...] = ("/x",)) -> None:
    """Let each host log a request for each path."""
    outer = parse(MODULE, *main.splitlines())
    hooks = []
    for number, host in enumerate(hosts):
        settings = merge_settings(outer, parse(MODULE, *host.splitlines(), scope=VIRTUAL))
        hooks.append(MODULE.hooks["log"](settings, Server(name=f"h{number}")))
    targets.open()
    for hook in hooks:
        for path in paths:
            exchange = make_exchange(path=path, env={"AA": "1"} if "aa" in path else {})
            if hook is not None:
                hook(exchange)
    logs.flush_all(final=True)


def test_who_writes_where(tmp_path: Path, targets: Logs) -> None:
    main = (
        f'LogFormat "M %U" nick\nLogFormat "default %U"\nCustomLog {tmp_path}/main nick\n'
        f'GlobalLog {tmp_path}/global "G %v %U"\nTransferLog {tmp_path}/transfer'
    )
    run(
        targets,
        main,
        'LogFormat "A %U" nick',
        f"CustomLog {tmp_path}/b nick\nTransferLog {tmp_path}/tb",
        f'LogFormat "C %U" nick\nCustomLog {tmp_path}/c nick\nTransferLog {tmp_path}/tc\n'
        f'CustomLog {tmp_path}/c2 unknown\nLogFormat nick\nLogFormat "late %U" nick',
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "main": "A /x\n",
        "transfer": "default /x\n",
        "global": "G h0 /x\nG h1 /x\nG h2 /x\n",
        "b": "M /x\n",
        "tb": "default /x\n",
        "c": "late /x\n",
        "tc": "late /x\n",
        "c2": "unknown\n",
    }


def test_conditions(tmp_path: Path, targets: Logs) -> None:
    host = (
        f'CustomLog {tmp_path}/l "env %U" env=AA\nCustomLog {tmp_path}/l "not %U" ENV=!AA\n'
        f'CustomLog {tmp_path}/l "all %U"'
    )
    run(targets, "", host, paths=("/x", "/aa"))
    assert (tmp_path / "l").read_text() == "not /x\nall /x\nenv /aa\nall /aa\n"


def test_expressions_as_conditions(tmp_path: Path, targets: Logs) -> None:
    host = f"CustomLog {tmp_path}/l %U \"expr=%{{REQUEST_URI}} =~ m#^/a# && -z req('X')\""
    run(targets, "", host, paths=("/x", "/aa"))
    assert (tmp_path / "l").read_text() == "/aa\n"


def test_the_default_format(tmp_path: Path, targets: Logs) -> None:
    run(targets, f"TransferLog {tmp_path}/l", "")
    text = (tmp_path / "l").read_text()
    assert text.startswith("192.0.2.7 - - [")
    assert text.endswith('] "GET / HTTP/1.1" 200 -\n')


def test_a_relative_name_is_below_the_server_root(tmp_path: Path, targets: Logs) -> None:
    settings = parse(MODULE, "CustomLog l x", scope=Scope(server_root=str(tmp_path)))
    MODULE.hooks["log"](settings, Server())
    targets.open()
    assert (tmp_path / "l").exists()


def test_buffered_logs(tmp_path: Path, targets: Logs) -> None:
    settings = parse(MODULE, "BufferedLogs On", f"CustomLog {tmp_path}/l x")
    MODULE.hooks["log"](settings, Server())
    assert targets.writer(f"{tmp_path}/l").is_buffered


def test_no_log_is_no_hook() -> None:
    assert MODULE.hooks["log"](parse(MODULE, 'LogFormat "%a" nick'), Server()) is None


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("CustomLog l x env=", "missing environment variable name"),
        ("CustomLog l x env=!", "missing environment variable name"),
        ("CustomLog l x foo", "error in condition clause"),
        (
            "CustomLog l x expr=TRUE",
            "syntax error, unexpected end (at character 5 of the expression)",
        ),
        ("CustomLog l %-a", "Unrecognized LogFormat directive %-"),
        ('CustomLog "|" x', "a piped log needs a program"),
        ("LogFormat %{a", "Ran off end of LogFormat parsing args to some directive"),
        ("LogFormat %y n", "Unrecognized LogFormat directive %y"),
        ("GlobalLog l x", "GlobalLog cannot occur within <VirtualHost> section"),
    ],
)
def test_what_is_refused(directive: str, message: str) -> None:
    with pytest.raises(DirectiveError) as caught:
        parse(MODULE, directive, scope=VIRTUAL)
    assert caught.value.message == message


def test_json_is_a_nickname_unless_it_is_defined(tmp_path: Path, targets: Logs) -> None:
    run(
        targets,
        "",
        f"CustomLog {tmp_path}/a json\nLogFormat json\nTransferLog {tmp_path}/b",
        f'LogFormat "mine %U" json\nCustomLog {tmp_path}/c json',
    )
    for name in "ab":
        assert json.loads((tmp_path / name).read_text())["method"] == "GET"
    assert (tmp_path / "c").read_text() == "mine /x\n"
