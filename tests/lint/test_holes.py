"""Known vulnerabilities: told for the releases that Apache names, and where a line opens them.

The first and the last release affected are those of Apache's page:
https://httpd.apache.org/security/vulnerabilities_24.html
"""

from __future__ import annotations

import pytest

from revproxy.lint.holes import HOLES
from revproxy.lint.run import lint
from revproxy.plan.load import load_text

PASS = "ProxyPass /a/ {}://b.test/\n"
HTTP, UWSGI, AJP, WS = (PASS.format(scheme) for scheme in ("http", "uwsgi", "ajp", "ws"))
FTP = PASS.format("ftp")
LET = "<Directory /srv>\nAllowOverride All\n</Directory>\n"
H2 = "Protocols h2 http/1.1\n"
ROOT = "<Directory />\nRequire all granted\n</Directory>\n"
CAPTURE = "RewriteEngine On\nRewriteRule ^/(.*) $1.html\n"
QUERY = "RewriteEngine On\nRewriteRule ^/x/(.*) http://b.test/y?q=$1 [P]\n"
HOSTS = "".join(
    f"<VirtualHost *:443>\nSSLCACertificateFile /{name}.pem\n</VirtualHost>\n" for name in "ab"
)

RELEASES = [
    *(0, 1, 2, 3, 4, 6, 7, 9, 10, 12, 16, 17, 18, 20, 23, 25, 26, 27, 28, 29, 33, 34, 35, 37, 38),
    *(39, 41, 43, 46, 48, *range(49, 72)),
]
"""2.4.x that were published."""

CASES = [
    ("CVE-2025-55753", 30, 65, "MDomain a.test\n"),
    ("CVE-2026-24072", 1, 66, LET),
    ("CVE-2026-28780", 1, 66, AJP),
    ("CVE-2026-29168", 30, 66, "MDStapling On\n"),
    (
        "CVE-2026-33007",
        1,
        66,
        "ProxyRequests On\n<Location />\nAuthnCacheProvideFor file\n</Location>\n",
    ),
    ("CVE-2026-33523", 1, 66, HTTP),
    ("CVE-2026-33857", 1, 66, AJP),
    ("CVE-2026-34059", 1, 66, AJP),
    ("CVE-2026-29170", 1, 67, FTP),
    ("CVE-2026-34355", 1, 67, "ProxyHTMLEnable On\n"),
    ("CVE-2026-34356", 1, 67, "ProxyPassReverseCookiePath /a /b\n"),
    ("CVE-2026-44119", 1, 67, LET),
    ("CVE-2026-44185", 1, 67, "SSLUseStapling On\n"),
    ("CVE-2026-44186", 1, 67, FTP),
    ("CVE-2026-48913", 55, 67, H2),
    ("CVE-2026-49975", 17, 67, H2),
    ("CVE-2026-46729", 1, 68, "HeartbeatListen 239.0.0.1:27999\n"),
    ("CVE-2026-47360", 1, 68, "SessionCookieRemove On\n"),
    ("CVE-2026-48005", 1, 68, "<Location />\nAuthDigestNcCheck On\n</Location>\n"),
    ("CVE-2026-56154", 1, 68, "RewriteEngine On\nRewriteCond %{LA-U:HTTP:X} a\nRewriteRule ^ -\n"),
    ("CVE-2026-56449", 1, 68, "ProxyHTMLEnable On\n"),
    ("CVE-2026-59797", 1, 68, LET),
    ("CVE-2026-73636", 1, 68, "<Location />\nAuthDigestNonceLifetime 0\n</Location>\n"),
    ("CVE-2026-79768", 1, 68, "UserDir /home/pages\n"),
    ("CVE-2014-0117", 6, 9, HTTP),
    ("CVE-2015-3183", 1, 12, HTTP),
    ("CVE-2016-8743", 1, 23, HTTP),
    ("CVE-2020-11985", 1, 23, f"RemoteIPHeader X-F\n{QUERY}"),
    ("CVE-2019-10097", 33, 39, "RemoteIPProxyProtocol On\n"),
    ("CVE-2020-11984", 33, 43, UWSGI),
    ("CVE-2019-17567", 6, 46, WS),
    ("CVE-2020-13950", 41, 46, HTTP),
    ("CVE-2021-30641", 39, 46, "MergeSlashes Off\n"),
    ("CVE-2021-33193", 17, 48, H2 + HTTP),
    ("CVE-2021-36160", 30, 48, UWSGI),
    ("CVE-2021-40438", 1, 48, HTTP),
    ("CVE-2021-41773", 49, 49, ROOT),
    ("CVE-2021-42013", 49, 50, ROOT),
    ("CVE-2021-44224", 7, 51, "ProxyRequests On\n"),
    ("CVE-2022-22720", 1, 52, HTTP),
    ("CVE-2022-23943", 1, 52, "<Location />\nOutputSed s/a/b/\n</Location>\n"),
    ("CVE-2022-30522", 53, 53, "<Location />\nInputSed s/a/b/\n</Location>\n"),
    ("CVE-2022-26377", 1, 53, AJP),
    ("CVE-2022-31813", 1, 53, HTTP),
    ("CVE-2022-36760", 1, 54, AJP),
    ("CVE-2022-37436", 1, 54, HTTP),
    ("CVE-2023-25690", 0, 55, QUERY),
    ("CVE-2023-27522", 30, 55, UWSGI),
    ("CVE-2023-38709", 1, 58, HTTP),
    ("CVE-2024-36387", 55, 59, H2 + WS),
    ("CVE-2024-38473", 0, 59, "<Location />\nSetHandler proxy:http://b.test/\n</Location>\n"),
    ("CVE-2024-38475", 0, 59, CAPTURE),
    ("CVE-2024-38476", 0, 59, HTTP),
    ("CVE-2024-38477", 0, 59, HTTP),
    ("CVE-2024-39573", 0, 59, CAPTURE),
    ("CVE-2024-39884", 60, 60, "AddType application/x-httpd-php .php\n"),
    ("CVE-2024-40725", 60, 61, "AddType application/x-httpd-php .php\n"),
    ("CVE-2024-42516", 0, 63, HTTP),
    ("CVE-2024-43204", 0, 63, "Header set Content-Type %{X}e\n"),
    ("CVE-2025-23048", 35, 63, HOSTS),
    ("CVE-2025-49630", 26, 63, "ProxyPreserveHost On\n" + PASS.format("h2c")),
    ("CVE-2025-49812", 1, 63, "SSLEngine optional\n"),
    ("CVE-2025-54090", 64, 64, 'RewriteCond expr "true"\nRewriteRule ^/x - [F]\n'),
    ("CVE-2026-23918", 66, 66, H2),
    ("CVE-2026-33006", 1, 66, "<Location />\nAuthType Digest\n</Location>\n"),
    ("CVE-2026-34032", 1, 66, AJP),
    ("CVE-2026-42536", 0, 67, "<Location />\nProxyHTMLEnable On\n</Location>\n"),
    ("CVE-2026-63686", 0, 68, "<Location />\nxml2EncDefault utf-8\n</Location>\n"),
    ("CVE-2026-56153", 0, 68, "<Location />\nCharsetSourceEnc utf-8\n</Location>\n"),
    ("CVE-2026-57941", 0, 68, H2),
    ("CVE-2026-63292", 0, 68, "LimitRequestFieldSize 16000\nVirtualDocumentRoot /www/%0\n"),
    ("CVE-2026-63718", 30, 68, UWSGI),
    ("CVE-2026-73637", 0, 68, "<Location />\nAuthDigestNonceLifetime 0\n</Location>\n"),
]


def told(text: str, patch: int) -> set[str]:
    found = lint(load_text(text), httpd_version=(2, 4, patch))
    return {item.message.split()[0] for item in found if item.code == "RP105"}


@pytest.mark.parametrize(("cve", "first", "last", "text"), CASES, ids=[case[0] for case in CASES])
def test_the_releases_that_have_it(cve, first, last, text):
    assert cve in told(text, first)
    assert cve in told(text, last)
    assert cve not in told(text, next(patch for patch in RELEASES if patch > last))
    before = [patch for patch in RELEASES if patch < first]
    # The page begins with 2.4.1, the first that was for everybody.
    assert first <= 1 or cve not in told(text, before[-1])
    assert cve not in told("ServerName a.test\nListen 80\n", last)


def test_every_hole_has_a_case():
    assert sorted(case[0] for case in CASES) == sorted(hole.cve for hole in HOLES)


def test_what_shuts_them():
    strict = f"SSLStrictSNIVHostCheck On\n{HOSTS}"
    assert "CVE-2025-23048" not in told(strict, 63)
    assert "CVE-2025-49630" not in told(PASS.format("h2c"), 63)
    assert "CVE-2026-63292" not in told("VirtualDocumentRoot /www/%0\n", 68)
    assert told(HTTP, 69) == set()
