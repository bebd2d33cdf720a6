"""What two configurations say differently: what counts is told once, what does not is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.difference.compare import Difference, compare
from revproxy.difference.meaning import are_related, corner, items_of
from revproxy.plan.load import load_text


def differences(first: str, second: str) -> list[Difference]:
    before, after = load_text(first, "a.conf"), load_text(second, "b.conf")
    assert not [item for item in (*before.diagnostics, *after.diagnostics) if item.severity == 2]
    return compare(before.configuration, after.configuration)


def lines(*texts: str) -> str:
    return "\n".join(["Listen 80", *texts])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["ProxyPass /a http://o/", "ProxyPass /b http://o/"],
         ["ProxyPass /b http://o/", "ProxyPass /a http://o/"]),
        (["proxypass   /a  'http://o/'"], ['ProxyPass /a "http://o/"']),
        (["ProxyPreserveHost on", "Timeout 5"], ["Timeout 5", "ProxyPreserveHost On"]),
        (["ProxyPreserveHost Off", "ProxyPreserveHost On"], ["ProxyPreserveHost On"]),
        (["ServerName A.test", "ServerName b.test"], ["ServerName B.TEST"]),
        (["Redirect permanent /a http://b/"], ["RedirectPermanent /a http://b/"]),
        (["Redirect /a http://b/"], ["RedirectTemp /a http://b/"]),
        (["Header set A 1", "Header set B 2"], ["Header set B 2", "Header set A 1"]),
        (["<Location ~ ^/a>", "Options None", "</Location>"],
         ["<LocationMatch ^/a>", "Options None", "</LocationMatch>"]),
        (["<Location /a>", "Options None", "</Location>", "<Location /b>", "</Location>"],
         ["<Location /b>", "</Location>", "<Location /a>", "Options None", "</Location>"]),
        (["<Location /a>", "Require ip 10.0.0.1 10.0.0.2", "Require host a", "</Location>"],
         ["<Location /a>", "Require host a", "Require ip 10.0.0.2 10.0.0.1", "</Location>"]),
        (["<Location /a>", "Header set A 1", "Header set B 1", "</Location>"],
         ["<Location /a>", "Header set B 1", "Header set A 1", "</Location>"]),
        (["ProxyPassReverse /a http://o/a", "ProxyPassReverse /b http://o/b"],
         ["ProxyPassReverse /b http://o/b", "ProxyPassReverse /a http://o/a"]),
        (["ErrorDocument 404 a", "ErrorDocument 403 b", "SetEnv A 1", "SetEnv B 1"],
         ["SetEnv B 1", "SetEnv A 1", "ErrorDocument 403 b", "ErrorDocument 404 a"]),
        (["Redirect /a /b", "ProxyPass /c http://o/"],
         ["ProxyPass /c http://o/", "Redirect /a /b"]),
        (["<IfModule mod_proxy.c>", "ProxyPass /a http://o/", "</IfModule>"],
         ["ProxyPass /a http://o/"]),
        (["Define name o", "ProxyPass /a http://${name}/"], ["ProxyPass /a http://o/"]),
        (["<Macro M $p>", "ProxyPass $p http://o/", "</Macro>", "Use M /a", "Use M /b"],
         ["ProxyPass /b http://o/", "ProxyPass /a http://o/"]),
        (["<VirtualHost *:80>", "ServerName d", "</VirtualHost>", "<VirtualHost *:80>",
          "ServerName a", "</VirtualHost>", "<VirtualHost *:80>", "ServerName b",
          "</VirtualHost>"],
         ["<VirtualHost *:80>", "ServerName d", "</VirtualHost>", "<VirtualHost *:80>",
          "ServerName b", "</VirtualHost>", "<VirtualHost *:80>", "ServerName A",
          "</VirtualHost>"]),
    ],
)  # fmt: skip
def test_what_does_not_count(first: list[str], second: list[str]):
    assert differences(lines(*first), lines(*second)) == []


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (["ProxyPass /a http://o/"], [], [("removed", "ProxyPass /a http://o/", "")]),
        ([], ["ProxyPass /a http://o/"], [("added", "", "ProxyPass /a http://o/")]),
        (["ProxyPass /a http://o/"], ["ProxyPass /a http://p/"],
         [("changed", "ProxyPass /a http://o/", "ProxyPass /a http://p/")]),
        (["ProxyPass /a http://o/", "ProxyPass /a/b http://p/"],
         ["ProxyPass /a/b http://p/", "ProxyPass /a http://o/"],
         [("moved", "ProxyPass /a http://o/ before ProxyPass /a/b http://p/",
           "ProxyPass /a http://o/ behind ProxyPass /a/b http://p/")]),
        (["ProxyPassMatch ^/x http://o/", "ProxyPass /b http://p/"],
         ["ProxyPass /b http://p/", "ProxyPassMatch ^/x http://o/"],
         [("moved", "ProxyPassMatch ^/x http://o/ before ProxyPass /b http://p/",
           "ProxyPassMatch ^/x http://o/ behind ProxyPass /b http://p/")]),
        (["ProxyPassReverse /a http://o/", "ProxyPassReverse /b http://o/b"],
         ["ProxyPassReverse /b http://o/b", "ProxyPassReverse /a http://o/"],
         [("moved", "ProxyPassReverse /a http://o/ before ProxyPassReverse /b http://o/b",
           "ProxyPassReverse /a http://o/ behind ProxyPassReverse /b http://o/b")]),
        (["ErrorDocument 404 a", "ErrorDocument 404 b"],
         ["ErrorDocument 404 b", "ErrorDocument 404 a"],
         [("moved", "ErrorDocument 404 a before ErrorDocument 404 b",
           "ErrorDocument 404 a behind ErrorDocument 404 b")]),
        (["SetEnv A 1", "UnsetEnv A"], ["UnsetEnv A", "SetEnv A 1"],
         [("moved", "SetEnv A 1 before UnsetEnv A", "SetEnv A 1 behind UnsetEnv A")]),
        (["RewriteEngine On", "RewriteCond %{HTTPS} on", "RewriteRule ^/a /b"],
         ["RewriteEngine On", "RewriteRule ^/a /b"],
         [("changed", "RewriteRule ^/a /b (with its conditions)", "RewriteRule ^/a /b")]),
        (["RewriteRule ^/a /b", "RewriteRule ^/b /c"], ["RewriteRule ^/b /c", "RewriteRule ^/a /b"],
         [("moved", "RewriteRule ^/a /b before RewriteRule ^/b /c",
           "RewriteRule ^/a /b behind RewriteRule ^/b /c")]),
        (["Header set A 1", "Header append A 2"], ["Header append A 2", "Header set A 1"],
         [("moved", "Header set A 1 before Header append A 2",
           "Header set A 1 behind Header append A 2")]),
        (["ServerAlias a b"], ["ServerAlias b"], [("removed", "ServerAlias a b", "")]),
        (["Options None"], ["Options Indexes"], [("changed", "Options None", "Options Indexes")]),
        (["ErrorDocument 404 a", "ErrorDocument 403 a"], ["ErrorDocument 404 b",
         "ErrorDocument 403 a"], [("changed", "ErrorDocument 404 a", "ErrorDocument 404 b")]),
    ],
)  # fmt: skip
def test_what_counts(first: list[str], second: list[str], told: list[tuple[str, str, str]]):
    host = ["<VirtualHost *:80>", "ServerName www.test", "{}", "</VirtualHost>"]
    texts = ["\n".join(host).format("\n".join(part)) for part in (first, second)]
    found = differences(*map(lines, texts))
    assert [(item.kind, item.before, item.after) for item in found] == told
    assert {item.where for item in found} == {"virtual host www.test (*:80)"}


def test_a_section_is_compared_inside():
    first = lines("<Location /a>", "Require ip 10.0.0.1", "<If true>", "Options None", "</If>",
                  "</Location>")  # fmt: skip
    second = first.replace("10.0.0.1", "10.0.0.2").replace("Options None", "Options All")
    found = differences(first, second)
    assert [(item.where, item.before) for item in found] == [
        ("main server, <Location /a>", "Require ip 10.0.0.1"),
        ("main server, <Location /a>, <If true>", "Options None"),
    ]
    assert found[0].before_place is not None
    assert (found[0].before_place.file, found[0].before_place.line) == ("a.conf", 3)
    assert found[0].after_place is not None
    assert found[0].after_place.file == "b.conf"


def host(name: str, *aliases: str) -> str:
    return "\n".join(
        ["<VirtualHost *:80>", f"ServerName {name}", *(f"ServerAlias {one}" for one in aliases),
         "</VirtualHost>"]
    )  # fmt: skip


def test_the_first_host_of_an_address_counts():
    one, two = host("a.test"), host("b.test")
    (found,) = differences(lines(one, two), lines(two, one))
    assert "the first virtual host of *:80" in found.where
    assert "b.test" in found.after


def test_hosts_that_claim_the_same_name_count():
    first, one, two = host("d.test"), host("a.test", "*.x.test"), host("b.test", "c.x.test")
    (found,) = differences(lines(first, one, two), lines(first, two, one))
    assert found.kind == "moved"
    assert "a.test (*:80) before" in found.before


def test_a_host_that_came_and_one_that_went():
    found = differences(lines(host("a"), host("b")), lines(host("a"), host("c")))
    assert [(item.kind, item.where) for item in found] == [
        ("removed", "virtual host b (*:80)"),
        ("added", "virtual host c (*:80)"),
    ]


def test_a_host_with_another_address():
    first = lines("Listen 81", host("a"), host("b"))
    second = first.replace("*:80>\nServerName b", "*:81>\nServerName b\nOptions None")
    told = [(item.kind, item.where, item.before, item.after) for item in differences(first, second)]
    assert told == [
        ("changed", "virtual host b", "<VirtualHost *:80>", "<VirtualHost *:81>"),
        ("added", "virtual host b (*:80)", "", "Options None"),
    ]


def test_includes_are_seen_through(tmp_path: Path):
    (tmp_path / "part.conf").write_text("ProxyPass /a http://o/\n")
    assert (
        differences(lines(f"Include {tmp_path}/part.conf"), lines("ProxyPass /a http://o/")) == []
    )


LINE = st.sampled_from(
    [
        *(
            f"ProxyPass /{path} http://o{number}/"
            for path in ("a", "a/b", "c", "")
            for number in (1, 2)
        ),
        *(f"Header set {name} {value}" for name in "AB" for value in "12"),
        *("RewriteRule ^/a /b", "RewriteRule ^/c /d", "Options None"),
        *("<Location /a>\nOptions None\n</Location>", "<Location />\nHeader set C d\n</Location>"),
    ]
)
LINES = st.lists(LINE, max_size=7)


@given(LINES)
def test_what_is_the_same_is_the_same(texts: list[str]):
    assert differences(lines(*texts), lines(*texts)) == []


@given(LINES, LINES)
def test_a_difference_is_one_from_both_sides(first: list[str], second: list[str]):
    there = differences(lines(*first), lines(*second))
    back = differences(lines(*second), lines(*first))
    assert bool(there) is bool(back)
    other = {"added": "removed", "removed": "added"}
    kinds = sorted(other.get(item.kind, item.kind) for item in there if item.kind != "moved")
    assert kinds == sorted(item.kind for item in back if item.kind != "moved")


ITEMS = st.sampled_from(
    [
        *("ProxyPass / http://o", "ProxyPass /a http://o", "ProxyPass /a/b http://o"),
        *("ProxyPass /ab http://o", "ProxyPassMatch ^/a http://o", "ProxyPass /b/c http://o"),
        *("ProxyPassReverse /a http://o", "ProxyPassReverse /a http://o/b"),
        *("ProxyPassReverse /a http://oo/b", "ProxyPassReverse /b /b", "Header set A 1"),
        *("Header unset a", "Header set B 1", "Redirect 301 /a /b", "Redirect /a/c /d"),
    ]
)


@given(st.lists(ITEMS, min_size=2, max_size=2))
def test_what_is_related_shares_a_corner(texts: list[str]):
    one, other = items_of(load_text("\n".join(texts)).configuration.directives)
    if one.domain == other.domain and are_related(one, other):
        corners = corner(one), corner(other)
        assert corners[0] == corners[1] or None in corners
