"""Trees to settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from revproxy.config.catalogue import catalogue
from revproxy.config.check import check
from revproxy.config.merge import ServerConfig, inherit, merge
from revproxy.config.read import read_text
from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError, Severity
from revproxy.module import Module, Scope, ScopeKind, Unset, append, setting, text


@dataclass(frozen=True, slots=True)
class Settings:
    admin: str | Unset = setting()
    seen: tuple[tuple[str, Scope], ...] | Unset = setting(append)


def see(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if directive.values[0] == "wrong":
        raise DirectiveError("no good", argument=0, hint="do better")
    if directive.values[0] == "odd":
        scope.warn(Diagnostic("RP999", Severity.WARNING, directive.location, "odd"))
    before = settings.seen if not isinstance(settings.seen, Unset) else ()
    return dataclasses.replace(settings, seen=(*before, (directive.values[0], scope)))


CORE = Module("core", Settings, {"serveradmin": text("admin")})
HEADERS = Module("mod_headers", Settings, {"header": see})


def merged(source: str) -> tuple[ServerConfig, list[ServerConfig], list[Diagnostic]]:
    configuration = read_text(source, server_root="/srv")
    check(configuration, catalogue(), frozenset(catalogue().directives))
    return merge(configuration, [CORE, HEADERS])


def names(settings: Settings) -> list[str]:
    return [] if isinstance(settings.seen, Unset) else [name for name, _ in settings.seen]


def test_servers_have_settings_of_every_module() -> None:
    main, hosts, findings = merged(
        "ServerAdmin a\n<VirtualHost *:80 [::1]:81>\nHeader b\n</VirtualHost>"
    )
    assert findings == []
    assert main.directive is None
    assert main.settings["core"].admin == "a"
    assert main.settings["mod_headers"] == Settings()
    (host,) = hosts
    assert [word.text for word in host.addresses] == ["*:80", "[::1]:81"]
    assert names(host.settings["mod_headers"]) == ["b"]
    ((_, scope),) = host.settings["mod_headers"].seen
    assert (scope.kind, scope.virtual, scope.server_root) == (ScopeKind.SERVER, True, "/srv")


def test_sections_stand_in_lists_in_file_order() -> None:
    main, _, _ = merged(
        "<Location /b>\nHeader 1\n</Location>\n<LocationMatch ^/(a)>\n</LocationMatch>\n"
        "<Location ~ c>\n</Location>\n<Directory /d>\n<Files e>\nHeader 2\n</Files>\n</Directory>\n"
        "<DirectoryMatch f>\n</DirectoryMatch>\n<Files g>\n</Files>\n<Proxy http://h/>\n</Proxy>\n"
        "<ProxyMatch i>\n</ProxyMatch>\n<If true>\n</If>\n"
    )
    assert [section.scope.argument for section in main.locations] == ["/b", "^/(a)", "c"]
    assert [section.scope.pattern is not None for section in main.locations] == [False, True, True]
    assert [section.scope.argument for section in main.directories] == ["/d", "f"]
    assert [section.scope.argument for section in main.files] == ["g"]
    assert [section.scope.argument for section in main.proxies] == ["http://h/", "i"]
    assert [section.scope.argument for section in main.ifs] == ["*If"]
    (child,) = main.directories[0].children
    assert (child.scope.kind, child.scope.argument) == (ScopeKind.FILES, "e")
    assert names(child.settings["mod_headers"]) == ["2"]
    assert main.locations[1].settings == {}
    assert main.locations[0].directive.name == "Location"


def test_directives_of_a_limit_belong_to_what_is_around() -> None:
    main, _, _ = merged(
        "<Location /a>\nHeader 1\n<Limit GET POST>\nHeader 2\n</Limit>\n"
        "<LimitExcept PUT>\nHeader 3\n</LimitExcept>\n</Location>\n"
    )
    (section,) = main.locations
    methods = [
        (name, scope.methods, scope.methods_excepted)
        for name, scope in section.settings["mod_headers"].seen
    ]
    assert methods == [
        ("1", None, False),
        ("2", frozenset({"GET", "HEAD", "POST"}), False),
        ("3", frozenset({"PUT"}), True),
    ]
    assert all(scope.argument == "/a" for _, scope in section.settings["mod_headers"].seen)


def test_what_a_parser_refuses_stands_at_the_word() -> None:
    main, _, findings = merged("<Location /a>\nHeader wrong\nHeader odd\n</Location>")
    refused, odd = findings
    assert (refused.code, refused.message, refused.hint) == ("RP516", "no good", "do better")
    assert refused.location is not None
    assert (refused.location.line, refused.location.column) == (2, 8)
    assert odd.code == "RP999"
    assert names(main.locations[0].settings["mod_headers"]) == ["odd"]


def test_a_bad_regex_is_a_finding() -> None:
    main, _, findings = merged("<LocationMatch (>\nHeader 1\n</LocationMatch>")
    assert main.locations == []
    (finding,) = findings
    assert finding.location is not None
    assert finding.location.column == 16


def test_what_was_refused_is_left_out() -> None:
    main, hosts, findings = merged(
        "ServerAdmin a b\n<VirtualHost>\nServerAdmin c\n</VirtualHost>\n"
        "<Location a b>\nHeader 1\n</Location>"
    )
    assert (hosts, main.locations, findings) == ([], [], [])
    assert main.settings["core"] == Settings()


def test_modules_that_are_not_loaded_have_no_settings() -> None:
    main, _, _ = merged("LoadModule mpm_event_module x\nServerAdmin a")
    assert set(main.settings) == {"core"}


def test_inherit_lays_the_host_over_the_main_server() -> None:
    main, (host,), _ = merged(
        "ServerAdmin a\nHeader 1\n<Location /m>\n</Location>\n"
        "<VirtualHost *>\nHeader 2\n<Location /h>\n</Location>\n</VirtualHost>"
    )
    whole = inherit(main, host)
    assert whole.settings["core"].admin == "a"
    assert names(whole.settings["mod_headers"]) == ["1", "2"]
    assert [section.scope.argument for section in whole.locations] == ["/m", "/h"]
    assert (whole.directive, whole.addresses) == (host.directive, host.addresses)
    assert names(host.settings["mod_headers"]) == ["2"]
