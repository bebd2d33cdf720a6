"""Coverage: each line is in the state it deserves, and nothing is claimed that did not happen."""

from __future__ import annotations

import pytest

from revproxy.explain.ask import Asked, Explainer
from revproxy.plan.load import load_text
from revproxy.trial.coverage import (
    ACTED,
    DECIDING,
    IN_FORCE,
    LOOKED_AT,
    UNTOUCHED,
    Coverage,
    as_data,
    as_text,
    share,
)

CONFIG = """Listen 80
User www-data
Timeout 5
ServerName main.test
ProxyPreserveHost On
<Macro App $name $path>
    ProxyPass $path http://$name.internal/
    <Location $path>
        RequestHeader set X-App $name
        Header set X-Quiet yes env=loud
    </Location>
</Macro>
<VirtualHost *:80>
    ServerName www.test
    Use App one /one
    Use App two /two
    RewriteEngine On
    RewriteCond %{REQUEST_METHOD} =POST
    RewriteCond %{REQUEST_METHOD} =GET
    RewriteRule ^/never /x
    RewriteRule ^/one/(.*) /two/$1 [PT]
    ProxyPass /two/deep http://deep.internal/
    ErrorDocument 404 "none"
    <Location /locked>
        <RequireAny>
            Require ip 198.51.100.1
            Require ip 198.51.100.2
        </RequireAny>
    </Location>
    <Location /open>
        Require all granted
        Options None
    </Location>
    <If "%{REQUEST_METHOD} == 'DELETE'">
        Header set X-Deleted yes
    </If>
</VirtualHost>
<VirtualHost *:80>
    ServerName other.test
    ProxyPass / http://other.internal/
    ProxyTimeout 3
</VirtualHost>
"""


def covered(*urls: str, **asked) -> Coverage:
    loaded = load_text(CONFIG, "httpd.conf")
    explainer = Explainer(loaded)
    coverage = Coverage(loaded.configuration)
    for url in urls:
        coverage.add([explainer.ask(Asked(url, **asked))])
    return coverage


def states(coverage: Coverage) -> dict[int, str]:
    return {line.place.line: line.state for line in coverage.lines()}


def test_what_no_request_concerns_is_not_counted():
    assert {1, 2, 3, 6, 12, 15, 16}.isdisjoint(states(covered()))


def test_without_a_request_nothing_is_touched():
    found = covered().lines()
    assert {line.state for line in found} == {UNTOUCHED}
    assert share(found) == 0.0


def test_one_request_touches_what_it_met():
    assert states(covered("http://www.test/one/deep/x")) == {
        4: IN_FORCE,
        5: IN_FORCE,
        7: ACTED,
        8: ACTED,
        9: ACTED,
        10: LOOKED_AT,
        13: ACTED,
        14: IN_FORCE,
        17: IN_FORCE,
        18: UNTOUCHED,
        19: UNTOUCHED,
        20: LOOKED_AT,
        21: ACTED,
        22: LOOKED_AT,
        23: UNTOUCHED,
        24: UNTOUCHED,
        25: UNTOUCHED,
        26: UNTOUCHED,
        27: UNTOUCHED,
        30: UNTOUCHED,
        31: UNTOUCHED,
        32: UNTOUCHED,
        34: UNTOUCHED,
        35: UNTOUCHED,
        38: UNTOUCHED,
        39: UNTOUCHED,
        40: UNTOUCHED,
        41: UNTOUCHED,
    }


@pytest.mark.parametrize(
    ("url", "asked", "wanted"),
    [
        ("http://www.test/never", {}, {18: LOOKED_AT, 19: UNTOUCHED, 20: LOOKED_AT, 23: ACTED}),
        ("http://www.test/locked", {"client": "198.51.100.1"}, {24: ACTED, 25: ACTED, 26: ACTED}),
        ("http://www.test/locked", {"client": "198.51.100.1"}, {27: UNTOUCHED}),
        ("http://www.test/locked", {}, {26: ACTED, 27: ACTED}),
        ("http://www.test/open", {}, {30: ACTED, 31: IN_FORCE, 32: IN_FORCE}),
        ("http://www.test/x", {"method": "DELETE"}, {34: ACTED, 35: UNTOUCHED}),
        ("http://other.test/x", {}, {13: UNTOUCHED, 14: UNTOUCHED, 38: ACTED, 40: ACTED}),
        ("http://other.test/x", {}, {39: IN_FORCE, 41: IN_FORCE, 5: IN_FORCE}),
    ],
)
def test_states(url: str, asked: dict, wanted: dict[int, str]):
    found = states(covered(url, **asked))
    assert {line: found[line] for line in wanted} == wanted


def test_times_are_counted():
    coverage = covered("http://other.test/x", "http://other.test/y", "http://www.test/x")
    times = {line.place.line: line.times for line in coverage.lines()}
    assert times[5] == 3
    assert times[40] == 2
    assert times[13] == 1


DECISIONS = {
    "rewriterule": ["RewriteEngine On", "RewriteRule ^/x /y"],
    "rewritecond": ["RewriteEngine On", "RewriteCond %{HTTPS} off", "RewriteRule ^/x /y"],
    "proxypass": ["ProxyPass / http://o/"],
    "proxypassmatch": ["ProxyPassMatch ^/(.*) http://o/$1"],
    "proxypassreverse": ["ProxyPass / http://o/", "ProxyPassReverse / http://o/"],
    "proxypassreversecookiedomain": ["ProxyPass / http://o/", "ProxyPassReverseCookieDomain o a"],
    "proxypassreversecookiepath": ["ProxyPass / http://o/", "ProxyPassReverseCookiePath / /a"],
    "redirect": ["Redirect / /y"],
    "redirectmatch": ["RedirectMatch ^ /y"],
    "redirectpermanent": ["RedirectPermanent / /y"],
    "redirecttemp": ["RedirectTemp / /y"],
    "alias": ["Alias / /nonexistent/"],
    "aliasmatch": ["AliasMatch ^ /nonexistent"],
    "header": ["Header always set X y"],
    "requestheader": ["RequestHeader set X y"],
    "setenvif": ["SetEnvIf Request_URI x y"],
    "setenvifnocase": ["SetEnvIfNoCase Request_URI X y"],
    "setenvifexpr": ["SetEnvIfExpr true y"],
    "browsermatch": ["BrowserMatch ^ y"],
    "browsermatchnocase": ["BrowserMatchNoCase ^ y"],
    "require": ["<Location />", "Require ip 192.0.2.1", "</Location>"],
    "allow": ["<Location />", "Order Allow,Deny", "Allow from all", "</Location>"],
    "order": ["<Location />", "Order Deny,Allow", "</Location>"],
    "deny": ["<Location />", "Order Deny,Allow", "Deny from all", "</Location>"],
    "proxyhtmlurlmap": [
        *("ProxyPass / http://o/", "ProxyHTMLEnable On", "ProxyHTMLURLMap http://o/ /"),
    ],
    "errordocument": ["ErrorDocument 404 x"],
}


@pytest.mark.parametrize("key", sorted(DECIDING))
def test_whatever_decides_tells_of_it(key: str):
    """Else it would be called untouched whatever the cases do."""
    loaded = load_text("\n".join(["Listen 80", *DECISIONS[key]]))
    response = (
        b"HTTP/1.1 302 Found\r\nLocation: http://o/z\r\nSet-Cookie: a=b; Path=/; Domain=o\r\n"
        b"Content-Type: text/html\r\nContent-Length: 21\r\n\r\n<a href='http://o/x'>"
    )
    story = Explainer(loaded).ask(Asked("http://a.test/x", response=response))
    coverage = Coverage(loaded.configuration)
    coverage.add([story])
    state = {line.name.lower(): line.state for line in coverage.lines()}
    assert state[key] == ACTED


def test_the_report():
    text = "\n".join(as_text(covered("http://www.test/one/deep/x").lines()))
    assert text.startswith("Coverage: 9 of 28 lines (32%): 5 acted, 4 in force\n")
    assert "    httpd.conf:20: RewriteRule ^/never /x\n" in text
    never = text.index("never touched")
    assert text.index("httpd.conf:41: ProxyTimeout 3") > never > text.index("httpd.conf:22:")


def test_the_report_as_data():
    data = as_data(covered("http://other.test/").lines())
    assert data["touched"] == round(data["share"] * data["lines"])
    (file,) = data["files"]
    (line,) = [line for line in file["lines"] if line["line"] == 40]
    assert line == {
        "line": 40,
        "directive": "ProxyPass",
        "text": "ProxyPass / http://other.internal/",
        "state": "acted",
        "times": 1,
    }
