"""Conditions that are evaluated while reading."""

from __future__ import annotations

import pytest

from revproxy.config.read import read_text


def names(text: str, **kwargs: object) -> list[str]:
    configuration = read_text(text, environ={}, **kwargs)  # type: ignore[arg-type]
    return [directive.name for directive in configuration.walk()]


@pytest.mark.parametrize(
    "condition",
    [
        "IfModule mod_proxy.c", "IfModule proxy_module", "IfModule !nope", "IfModule ! nope.c",
        "IfModule mpm_trio_module", "IfModule mod_mpm_trio.c", "IfModule mpm_trio.c",
        "IfModule !mpm_event_module", "IfModule core.c", "IfModule http_core.c",
        "IfDefine ON", "IfDefine !OFF", "IfFile /", "IfFile !/nope", "IfDirective ProxyPass",
        "IfDirective <Location", "IfDirective !Location", "IfSection location",
        "IfSection !ProxyPass", "IfVersion >= 2.4", "IfVersion 2.4.71", "IfVersion = 2.4.71",
        "IfVersion == 2.4.71", "IfVersion > 2", "IfVersion < 2.5", "IfVersion <= 2.4.71",
        "IfVersion !> 2.4.71", "IfVersion /^2\\.4/", "IfVersion ~ ^2.4", "IfVersion !~ ^3",
        "IfVersion = /71$/", 'IfVersion "2.4.71"', "IfVersion != 2.4",
    ],
)  # fmt: skip
def test_true(condition: str) -> None:
    section = condition.split(maxsplit=1)[0]
    assert names(f"<{condition}>\nListen 1\n</{section}>", defines=["ON"]) == ["Listen"]


@pytest.mark.parametrize(
    "condition",
    [
        "IfModule nope.c", "IfModule !mod_proxy.c", "IfModule MOD_PROXY.C", "IfModule proxy",
        "IfModule mpm_event_module", "IfModule prefork.c", "IfModule mod_isapi.c", "IfDefine on",
        "IfDefine OFF", "IfFile /nope", "IfDirective Location", "IfSection MaxThreads",
        "IfVersion = 2.4", "IfVersion > 2.4.71", "IfVersion ~ /^2.4/",
    ],
)  # fmt: skip
def test_false(condition: str) -> None:
    section = condition.split(maxsplit=1)[0]
    configuration = read_text(f"<{condition}>\nListen 1\n</{section}>", defines=["ON"])
    assert (configuration.directives, configuration.diagnostics) == ([], [])


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("IfModule", "<IfModule> directive requires additional arguments"),
        ("IfDefine !", "<IfDefine> directive requires additional arguments"),
        ("IfVersion", "Version appears to be invalid"),
        ("IfVersion >= 2.x", "Version appears to be invalid"),
        ("IfVersion >= 2.4.71.1", "Version appears to be invalid"),
        ("IfVersion ! 2.4", "unrecognized operator '!'"),
        ("IfVersion ~ (", "Unable to compile regular expression"),
        ("IfVersion = 2.4 3", "missing closing '>'"),
    ],
)
def test_mistakes(condition: str, message: str) -> None:
    section = condition.split(maxsplit=1)[0]
    configuration = read_text(f"<{condition}>\nListen 1\n</{section}>\nKeepAlive On")
    assert [directive.name for directive in configuration.directives] == ["KeepAlive"]
    (finding,) = configuration.diagnostics
    assert message in finding.message


def test_a_condition_sees_what_stands_before_it() -> None:
    text = "<IfDefine X>\nA\n</IfDefine>\nDefine X\n<IfDefine X>\nB\n</IfDefine>\nUnDefine X\n"
    assert names(f"{text}<IfDefine X>\nC\n</IfDefine>") == ["Define", "B", "UnDefine"]


def test_a_false_condition_hides_everything() -> None:
    text = "<IfModule no>\nLoadModule x y\nDefine A b\n<IfModule mod_proxy.c>\nX\n</IfModule>\n"
    configuration = read_text(f"{text}</IfModule>\nListen ${{A}}", environ={})
    assert not configuration.whole
    assert configuration.defines == {}
    assert [directive.values for directive in configuration.directives] == [("${A}",)]


@pytest.mark.parametrize(
    ("condition", "release", "holds"),
    [
        ("IfVersion >= 2.4.39", (2, 4, 38), False),
        ("IfVersion >= 2.4.39", (2, 4, 39), True),
        ("IfVersion ~ 2.4.6$", (2, 4, 6), True),
        ("IfModule mod_http2.c", (2, 4, 16), False),
        ("IfModule mod_http2.c", (2, 4, 17), True),
        ("IfModule !mod_brotli.c", (2, 4, 6), True),
        ("IfModule mod_proxy.c", (2, 4, 1), True),
    ],
)
def test_another_release_is_asked_about(condition, release, holds) -> None:
    section = condition.split(maxsplit=1)[0]
    found = names(f"<{condition}>\nListen 1\n</{section}>", release=release)
    assert found == (["Listen"] if holds else [])
