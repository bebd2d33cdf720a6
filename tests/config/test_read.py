"""What acts while reading: variables, includes, modules, macros; and what is told of it."""

from __future__ import annotations

import os
from pathlib import Path

from revproxy.config.read import read_file, read_text
from revproxy.config.tree import Configuration
from revproxy.errors import Severity


def said(configuration: Configuration) -> list[str]:
    return [
        f"{item.location.line if item.location else 0} {item.code}"
        for item in configuration.diagnostics
    ]


def values(configuration: Configuration) -> list[tuple[str, ...]]:
    return [directive.values for directive in configuration.walk()]


def test_variables_are_replaced_before_words_are_split() -> None:
    text = 'Define A "one two"\nN ${A}\nN "${A}"\nN ${E}x\n${F} y'
    configuration = read_text(text, environ={"E": "env", "A": "not this", "F": "N"})
    assert values(configuration)[1:] == [("one", "two"), ("one two",), ("envx",), ("y",)]


def test_what_is_not_defined_stays_and_is_told() -> None:
    configuration = read_text("N ${A} ${m:k} ${\nDefine A\nN ${A}", environ={})
    assert values(configuration)[0] == ("${A}", "${m:k}", "${")
    assert said(configuration) == ["1 RP511", "3 RP511"]
    assert configuration.diagnostics[0].severity is Severity.WARNING
    assert configuration.diagnostics[0].location is not None
    assert configuration.diagnostics[0].location.column == 3


def test_values_are_not_looked_at_again() -> None:
    configuration = read_text("Define B x\nDefine A $\\\n{B}\nN ${A}", environ={})
    assert values(configuration)[-1] == ("x",)


def test_a_snippet_has_all_modules_a_whole_file_what_it_loads() -> None:
    snippet = read_text("<IfModule mod_rewrite.c>\nN\n</IfModule>")
    assert (snippet.whole, len(snippet.directives)) == (False, 1)
    whole = read_text(
        "<IfModule mod_rewrite.c>\nN\n</IfModule>\nLoadModule proxy_module x\n"
        "<IfModule proxy_module>\nM\n</IfModule>\nListen 80"
    )
    assert whole.whole
    assert [directive.name for directive in whole.directives] == ["LoadModule", "M", "Listen"]
    assert "mod_proxy" in whole.loaded
    assert "mod_rewrite" not in whole.loaded


def test_what_loads_modules_but_could_not_start_is_a_snippet() -> None:
    text = (
        "<IfModule !mod_rewrite.c>\nN\n</IfModule>\nLoadModule proxy_html_module x\nRewriteRule a b"
    )
    configuration = read_text(text)
    assert not configuration.whole
    assert [item.name for item in configuration.directives] == ["LoadModule", "RewriteRule"]
    assert configuration.diagnostics == []
    process_model = read_text(f"{text}\nLoadModule mpm_prefork_module x")
    assert process_model.whole
    assert process_model.directives[0].name == "N"


def test_a_load_module_that_does_not_act_leaves_a_snippet() -> None:
    text = "<IfModule !mod_ssl.c>\nLoadModule ssl_module x\n</IfModule>\nRewriteEngine On"
    configuration = read_text(text)
    assert not configuration.whole
    assert [directive.name for directive in configuration.directives] == ["RewriteEngine"]


def test_modules_from_outside() -> None:
    configuration = read_text(
        "<IfModule mod_proxy.c>\nN\n</IfModule>\n<IfModule mod_ssl.c>\nM\n</IfModule>",
        loaded=["mod_proxy"],
    )
    assert [directive.name for directive in configuration.directives] == ["N"]


def test_includes_are_relative_to_the_server_root_at_that_point(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.conf").write_text(f"N {name}\n")
    text = f"ServerRoot {tmp_path}/a\nInclude x.conf\nServerRoot {tmp_path}/b\nInclude x.conf\n"
    configuration = read_text(text)
    assert [item.values[0] for item in configuration.walk() if item.name == "N"] == ["a", "b"]
    assert configuration.server_root == f"{tmp_path}/b"
    assert configuration.files == ("-", f"{tmp_path}/a/x.conf", f"{tmp_path}/b/x.conf")


def test_wildcards_and_directories(tmp_path: Path) -> None:
    for name in ("d/b.conf", "d/a.conf", "d/.c.conf", "e/x/z", "e/x/.y", "f[1]"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"N {name}")
    for pattern, wanted in {
        "d/*.conf": ["d/a.conf", "d/b.conf"],
        "d/.*": ["d/.c.conf"],
        "*/[ab].conf": ["d/a.conf", "d/b.conf"],
        "e": ["e/x/.y", "e/x/z"],
        "?/x": ["e/x/.y", "e/x/z"],
        "d//a.conf": ["d/a.conf"],
    }.items():
        configuration = read_text(f"IncludeOptional {pattern}", server_root=str(tmp_path))
        assert [item.values[0] for item in configuration.walk()] == wanted, pattern


def test_an_include_says_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("\n  Wrong")
    configuration = read_text(f"\nInclude {tmp_path}/x")
    (directive,) = configuration.directives
    assert directive.location.line == 2
    assert directive.location.column == 3
    assert directive.location.via is not None
    assert (directive.location.via.file, directive.location.via.line) == ("-", 2)


def test_a_file_may_include_itself_once_more(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(f"N\n<IfDefine !X>\nDefine X\nInclude {path}\n</IfDefine>\n")
    configuration = read_file(str(path))
    assert [item.name for item in configuration.walk()] == ["N", "Define", "N"]
    assert configuration.diagnostics == []


def test_includes_in_a_ring_are_told_once(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).write_text(f"N\nInclude {tmp_path}/{other}\n")
    configuration = read_file(str(tmp_path / "a"))
    assert said(configuration) == ["2 RP523"]
    assert len(configuration.directives) == 2


def test_a_long_chain_of_includes_ends(tmp_path: Path) -> None:
    for index in range(140):
        (tmp_path / str(index)).write_text(f"Include {tmp_path}/{index + 1}\n")
    configuration = read_file(str(tmp_path / "0"))
    assert said(configuration) == ["1 RP523"]


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    assert said(read_file(str(tmp_path / "none"))) == ["1 RP523"]
    assert said(read_file(str(tmp_path))) == ["1 RP523"]


def test_names_of_files_are_octets(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xe9.conf"
    Path(os.fsdecode(name)).write_text("N")
    configuration = read_text(b"Include " + name)
    assert len(configuration.directives) == 1
    assert configuration.files[1] == name.decode("latin-1")


def test_what_would_not_end_is_stopped() -> None:
    text = "".join(
        f"<Macro M{index}>\nUse M{index + 1}\nUse M{index + 1}\n</Macro>\n" for index in range(64)
    )
    configuration = read_text("<Macro M64>\n</Macro>\n" + text + "Use M60")
    assert len(configuration.directives) == 0
    doubling = "Define A aaaaaaaaaaaaaaaa\n" + "Define A ${A}${A}\n" * 40
    configuration = read_text(doubling)
    assert "RP528" in {item.code for item in configuration.diagnostics}


def test_odd_bytes_are_told() -> None:
    configuration = read_text(b"\xef\xbb\xbfN a\0b\nM \xff")
    assert values(configuration) == [("a",), ("\xff",)]
    assert said(configuration) == ["1 RP528", "1 RP528"]


def test_sections_go_on_in_a_macro() -> None:
    text = "<Macro M $x>\n<Location $x>\n</Macro>\nUse M /a\nN\n</Location>\nO"
    configuration = read_text(text)
    assert [item.name for item in configuration.directives] == ["Location", "O"]
    assert configuration.diagnostics == []


def test_a_misspelled_end_is_one_mistake() -> None:
    configuration = read_text("<VirtualHost *>\n<Location /a>\nN\n</Locaton>\n</VirtualHost>\nM")
    assert said(configuration) == ["4 RP520"]
    assert [item.name for item in configuration.directives] == ["VirtualHost", "M"]


def test_an_end_further_out_closes_what_is_inside() -> None:
    configuration = read_text("<VirtualHost *>\n<Location /a>\nN\n</VirtualHost>\nM")
    assert said(configuration) == ["4 RP520"]
    assert [item.name for item in configuration.directives] == ["VirtualHost", "M"]


def test_defines_are_what_is_left_at_the_end() -> None:
    configuration = read_text("Define A b\nDefine C\nDefine D\nUnDefine D", defines=["E"])
    assert configuration.defines == {"A": "b", "C": "", "E": ""}


def test_debians_own_configuration_is_read() -> None:
    path = "/etc/apache2/apache2.conf"
    configuration = read_file(
        path,
        environ={"APACHE_RUN_DIR": "/tmp", "APACHE_PID_FILE": "/tmp/pid", "APACHE_LOG_DIR": "/tmp",
                 "APACHE_RUN_USER": "daemon", "APACHE_RUN_GROUP": "daemon"},
    )  # fmt: skip
    errors = [item for item in configuration.diagnostics if item.severity is Severity.ERROR]
    if Path(path).exists():
        assert errors == []
        assert len(configuration.files) > 3
    else:
        assert said(configuration) == ["1 RP523"]
