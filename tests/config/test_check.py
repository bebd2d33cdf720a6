"""The tree against the catalogue."""

from __future__ import annotations

import pytest

from revproxy.config.catalogue import Catalogue, Entry, catalogue
from revproxy.config.check import check
from revproxy.config.read import read_text
from revproxy.config.values import wrong_value
from revproxy.errors import Diagnostic, Severity

EVERYTHING = frozenset(catalogue().directives)


def found(text: str, implemented: frozenset[str] = EVERYTHING) -> list[Diagnostic]:
    configuration = read_text(text)
    assert configuration.diagnostics == []
    return check(configuration, catalogue(), implemented)


def codes(text: str, implemented: frozenset[str] = EVERYTHING) -> list[str]:
    return [
        f"{item.location.line} {item.code}" for item in found(text, implemented) if item.location
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ProxyPas", "did you mean ProxyPass?"),
        ("proxypassreverce", "did you mean ProxyPassReverse?"),
        ("ServerAliass", "did you mean ServerAlias?"),
        ("Xyzzy", ""),
        ("JkMount", "it belongs to mod_jk, which does not come with Apache"),
        ("WSGIScriptAlias", "it belongs to mod_wsgi, which does not come with Apache"),
        ("RewriteLog", "it left Apache with version 2.4; use LogLevel rewrite:trace3"),
        ("ServerType", "it left Apache with version 2.4"),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    (finding,) = found(f"{name} x")
    assert (finding.code, finding.hint) == ("RP509", hint)


def test_sections_are_suggested_for_sections() -> None:
    assert found("<Locaton /x>\n</Locaton>")[0].hint == "did you mean <Location>?"
    assert found("Location /x")[0].hint == "write it as <Location ...> with </Location>"
    assert found("<ServerName x>\n</ServerName>")[0].hint == "write it as ServerName"


def test_what_is_inside_an_unknown_section_is_not_judged() -> None:
    assert codes("<Locaton /x>\nNonsense\n</Locaton>") == ["1 RP509"]


def test_modules_that_are_not_loaded() -> None:
    text = (
        "Listen 80\nLoadModule proxy_module x\nProxyRequests Off\nRewriteEngine On\n"
        "KeepAlive On\nMaxClients 1"
    )
    (finding,) = found(text)
    assert finding.code == "RP507"
    assert "mod_rewrite is not loaded" in finding.message
    assert finding.hint == "LoadModule rewrite_module modules/mod_rewrite.so"


def test_unimplemented_directives_name_their_module() -> None:
    (finding,) = found("ScriptSock x", EVERYTHING - {"scriptsock"})
    assert (finding.code, finding.severity) == ("RP526", Severity.ERROR)
    assert finding.message == "ScriptSock of mod_cgid is not implemented"


def test_an_unimplemented_section_is_told_once() -> None:
    text = "<Location /x>\n<RequireAll>\nRequire all granted\nNonsense\n</RequireAll>\n</Location>"
    without = EVERYTHING - {"requireall", "require"}
    assert codes(text, without) == ["2 RP526", "4 RP509"]


def test_inert_directives_are_told_and_stay() -> None:
    configuration = read_text("ThreadsPerChild 5")
    (finding,) = check(configuration, catalogue(), frozenset())
    assert (finding.code, finding.severity) == ("RP527", Severity.INFO)
    assert not configuration.directives[0].refused


def test_what_is_wrong_is_refused() -> None:
    configuration = read_text("ServerName a b\nServerName a")
    check(configuration, catalogue(), EVERYTHING)
    assert [item.refused for item in configuration.directives] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "Require all granted",
        "<VirtualHost *>\nRequire all granted\n</VirtualHost>",
        "<Location /x>\nListen 1\n</Location>",
        "<Location /x>\n<Location /y>\n</Location>\n</Location>",
        "<VirtualHost *>\n<VirtualHost *>\n</VirtualHost>\n</VirtualHost>",
        "<VirtualHost *>\nListen 1\n</VirtualHost>",
        "<Location /x>\n<Files y>\n</Files>\n</Location>",
        "<If true>\n<Location /x>\n</Location>\n</If>",
        "<Directory /x>\nProxyPass http://b/\n</Directory>",
        "<DirectoryMatch /x>\nProxyPass http://b/\n</DirectoryMatch>",
        "<Directory /x>\n<Files y>\nProxyPass http://b/\n</Files>\n</Directory>",
        "<Location /x>\n<Else>\nProxyPass http://b/\n</Else>\n</Location>",
        "<Location /x>\n<RequireAny>\nHeader set a b\n</RequireAny>\n</Location>",
        "<Location /x>\n<Limit GET>\nServerName x\n</Limit>\n</Location>",
        "<Limit GET>\n</Limit>",
        "<Location /x>\n<Limit GET>\nAlias /y\n</Limit>\n</Location>",
        "RewriteBase /",
        "<VirtualHost *>\nRewriteBase /\n</VirtualHost>",
        "<Location /x>\nSSLProxyEngine On\n</Location>",
        "<Else>\n</Else>",
        "<If a>\n</If>\n<Else>\n</Else>\n<ElseIf b>\n</ElseIf>",
    ],
)
def test_places_that_are_wrong(text: str) -> None:
    assert {item.code for item in found(text)} == {"RP521"}


@pytest.mark.parametrize(
    "text",
    [
        "Header set a b",
        "<VirtualHost *>\nServerName x\nHeader set a b\n<Location /x>\n</Location>\n</VirtualHost>",
        "<Location /x>\nProxyPass http://b/\n<If true>\nHeader set a b\n</If>\n</Location>",
        "<Directory /x>\n<Files y>\nRequire all granted\n</Files>\n</Directory>",
        "<Proxy http://b/>\nSSLProxyEngine On\nProxySet retry=1\n</Proxy>",
        "<Location /x>\n<Limit GET>\nRequire all granted\n</Limit>\n</Location>",
        "<Location /x>\n<RequireAll>\nRequire all granted\n</RequireAll>\n</Location>",
        "<If a>\n</If>\nKeepAlive On\n<ElseIf b>\n</ElseIf>\n<Else>\n</Else>",
        "<Location /x>\nDefine a b\nLoadFile x\n</Location>",
        "<Location /x>\nRewriteBase /\n</Location>",
    ],
)
def test_places_that_are_right(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ServerName", "ServerName takes one argument"),
        ('ServerName ""', "ServerName takes one argument"),
        ("ServerName a b", "ServerName takes one argument"),
        ("ErrorDocument 404", "ErrorDocument takes two arguments"),
        ("SetEnv", "SetEnv takes 1-2 arguments"),
        ("SecRule a", "SecRule takes two or three arguments"),
        ("CustomLog a", "CustomLog takes two or three arguments"),
        ("ProxyBlock", "ProxyBlock requires at least one argument"),
        ("AddType a", "AddType requires at least two arguments"),
        ("KeepAlive", "KeepAlive must be On or Off"),
        ("KeepAlive yes", "KeepAlive must be On or Off"),
        ("Header", None),
        ("KeepAlive oFF", None),
        ("SetEnv a b", None),
        ("<Location>\n</Location>", "<Location> directive requires additional arguments"),
        ("<VirtualHost>\n</VirtualHost>", "<VirtualHost> directive requires additional arguments"),
        ("<Files a b>\n</Files>", "Multiple <Files> arguments not (yet) supported."),
        ("<FilesMatch ~ a>\n</FilesMatch>", "Multiple <FilesMatch> arguments not (yet) supported."),
        ("<Files ~ a>\n</Files>", None),
        ("<Proxy>\n</Proxy>", None),
        ("<Proxy http://b/ retry=1>\n</Proxy>", None),
        ("<Proxy * retry=1>\n</Proxy>", "<Proxy> arguments are not supported for non url."),
        (
            "<Proxy http://*/ a=1>\n</Proxy>",
            "<Proxy> arguments are not supported for wildchar url.",
        ),
    ],
)  # fmt: skip
def test_arguments(line: str, message: str | None) -> None:
    said = [item.message for item in found(line)]
    if message is None:
        assert said == []
    else:
        assert said == [message]


def test_the_syntax_is_the_way_out() -> None:
    (finding,) = found("ServerName")
    assert finding.hint == "ServerName [scheme://]domain-name|ip-address[:port]"


def test_comments_behind_arguments() -> None:
    assert [(item.code, item.severity) for item in found("ServerTokens Full # x")] == [
        ("RP514", Severity.ERROR)
    ]
    assert [(item.code, item.severity) for item in found("KeepAlive On # x")] == [
        ("RP514", Severity.WARNING)
    ]
    assert [item.code for item in found("ProxyBlock a # b")] == ["RP514"]
    assert [item.code for item in found("KeepAlive On Off")] == ["RP531"]


def test_error_directives() -> None:
    assert [item.message for item in found('Error "a b"\nError c  d\nError')] == [
        "a b",
        "c  d",
        "The Error directive was used with no message.",
    ]


def test_values_are_checked_where_no_module_does() -> None:
    (finding,) = found("ProxyStatus maybe", EVERYTHING - {"proxystatus"})
    assert finding.code == "RP516"
    assert finding.message == "ProxyStatus must be off or on or full, not 'maybe'"
    assert finding.location is not None
    assert finding.location.column == 13
    assert found("ProxyStatus maybe") == []


def entry(*args: str) -> Entry:
    return Entry("N", "core", "TAKE1", ("RSRC_CONF",), False, args, (), False, (), False)


@pytest.mark.parametrize(
    ("kinds", "line", "wrong"),
    [
        (("flag",), "N on", None),
        (("flag",), "N maybe", "N must be On or Off, not 'maybe'"),
        (("int",), "N -5", None),
        (("int",), "N \xb2", "N must be a whole number, not '\xb2'"),
        (("int:1-5",), "N 6", "N must be a whole number from 1 to 5, not '6'"),
        (("int:1-",), "N 0", "N must be a whole number from 1, not '0'"),
        (("auto|int:1-9",), "N AUTO", None),
        (("auto|int:1-9",), "N x", "N must be auto or a whole number from 1 to 9, not 'x'"),
        (("any", "a|b..."), "N x a b a", None),
        (("any", "a|b..."), "N x a c", "N must be a or b, not 'c'"),
        (("a",), "N a whatever", None),
        ((), "N whatever", None),
    ],
)
def test_kinds_of_value(kinds: tuple[str, ...], line: str, wrong: str | None) -> None:
    (directive,) = read_text(line).directives
    result = wrong_value(entry(*kinds), directive.args)
    assert (result[1] if result else None) == wrong


def test_a_catalogue_of_its_own() -> None:
    own = Catalogue({"n": entry()}, catalogue().modules, catalogue().by_identifier)
    configuration = read_text("N x\nKeepAlive On")
    assert [item.code for item in check(configuration, own, {"n"})] == ["RP509"]
