"""The catalogue's data: whole, sound, and told apart from its index by nothing."""

from __future__ import annotations

import re

import pytest

from revproxy.config import catalogue as room
from revproxy.config.acts import ACTS
from revproxy.config.arity import arity_error
from revproxy.config.catalogue import SERVED_HERE, catalogue, describe, folder, index, read_toml
from revproxy.config.conditions import CONDITIONS
from revproxy.config.grammar import parse_line
from revproxy.config.lines import Source, logical_lines
from revproxy.config.merge import SECTION_KINDS

BITS = {
    "RSRC_CONF", "ACCESS_CONF", "OPTIONS", "FILEINFO", "INDEXES", "AUTHCFG", "LIMIT",
    "PROXY_CONF", "EXEC_ON_READ",
}  # fmt: skip
STYLES = {
    "NO_ARGS", "TAKE1", "TAKE2", "TAKE12", "TAKE3", "TAKE23", "TAKE123", "TAKE13", "ITERATE",
    "ITERATE2", "FLAG", "RAW_ARGS", "TAKE_ARGV",
}  # fmt: skip
PLACES = {"server", "VirtualHost", "Limit", "Directory", "Location", "Files", "If"}


def test_the_index_is_made_of_the_files() -> None:
    assert (folder() / "index.json").read_text("utf-8") == index(), (
        "python -m revproxy.config.catalogue writes it"
    )


def test_every_directive_is_described_soundly() -> None:
    names = set()
    for file in read_toml():
        assert file["module"]["summary"]
        for name, item in file.get("directives", {}).items():
            names.add(name.lower())
            assert set(item["allowed"]) <= BITS, name
            assert item["style"] in STYLES, name
            assert set(item.get("not_in", ())) <= PLACES, name
            assert item["summary"][0].isupper(), name
            assert not item["summary"].endswith("."), name
            assert len(item["summary"]) < 80, name
            assert all(name.lower() in line.lower() for line in item["syntax"]), name
            assert item["tier"] in (1, 2, 3, 4), name
    assert names == set(catalogue().directives)
    assert len(names) > 800


def test_defaults_are_lines_that_stand() -> None:
    for file in read_toml():
        for name, item in file.get("directives", {}).items():
            if "default" in item:
                (line,) = logical_lines(Source("default", item["default"]))
                parsed = parse_line(line)
                words = [word.text for word in parsed.args]
                assert parsed.name == name
                assert arity_error(item["style"], name, words) is None, item["default"]


def test_what_reading_and_merging_serve_is_named() -> None:
    sections = set(SECTION_KINDS)
    assert sections | set(ACTS) | CONDITIONS | {
        "error", "include", "includeoptional", "use", "macro", "virtualhost", "limit",
        "limitexcept",
    } == SERVED_HERE  # fmt: skip


def test_static_modules_are_debians() -> None:
    assert catalogue().static_modules == {
        "core", "http", "mod_so", "mod_watchdog", "mod_log_config", "mod_logio", "mod_version",
        "mod_unixd", "mpm_trio", "mpm_common",
    }  # fmt: skip


def test_a_snippet_finds_every_module_but_apaches_process_models() -> None:
    modules = catalogue().all_modules
    assert {"mod_ssl", "mod_security2", "mpm_trio"} <= modules
    assert modules.isdisjoint({"event", "prefork", "worker", "mod_isapi", "mpm_winnt"})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("proxypass", ["ProxyPass: Sends", "syntax     ProxyPass", "mod_proxy", "served"]),
        ("<Location>", ["<Location>: ", "server and <VirtualHost>"]),
        ("Alias", ["not in     <Limit>, <Directory>", "not implemented"]),
        ("ThreadsPerChild", ["without effect"]),
        ("IfModule", ["served"]),
        ("mod_proxy", ["proxy_module, mod_proxy.c", "+ ProxyPass ", "- ProxySet "]),
        ("headers", ["mod_headers: "]),
        ("mpm_common", ["o ThreadsPerChild"]),
    ],
)
def test_describe(name: str, words: list[str]) -> None:
    text = describe(name, {"proxypass"})
    for word in words:
        assert word in text


def test_describe_knows_nothing_of_other_names() -> None:
    assert describe("Nothing", set()) == ""


def test_all_modules_are_counted() -> None:
    lines = room.describe_all({"header"}).splitlines()
    assert any(re.fullmatch(r"mod_headers +1 of +2 directives", line) for line in lines)
