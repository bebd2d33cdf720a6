"""`--strict`: what a configuration names must be on this machine; without it, nothing has to."""

from __future__ import annotations

import socket

import pytest

from revproxy.lint.run import lint
from revproxy.plan.load import load_text

NOWHERE = """ServerRoot /nonexistent
DocumentRoot /nonexistent
ErrorLog /nonexistent/error.log
CustomLog /nonexistent/access.log common
CustomLog "|/nonexistent/rotate -l x" common
RewriteMap names txt:/nonexistent/map
<VirtualHost gone.invalid:443>
SSLEngine On
SSLCertificateFile /nonexistent/a.pem
SSLCertificateKeyFile /nonexistent/a.key
SSLCACertificatePath /nonexistent
ProxyPass /a/ http://gone.invalid/
<Location /x>
AuthUserFile /nonexistent/users
</Location>
</VirtualHost>
<Proxy balancer://b>
BalancerMember http://gone.invalid:8080
</Proxy>
"""


@pytest.fixture(autouse=True)
def resolver(monkeypatch):
    def find(host, *_args, **_options):
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", find)


def lines(text, **options):
    found = lint(load_text(text), **options)
    return sorted(item.location.line for item in found if item.code == "RP535")


def test_nothing_has_to_be_there():
    assert lines(NOWHERE) == []


def test_all_has_to_be_there():
    assert lines(NOWHERE, strict=True) == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 18]


def test_what_a_request_completes_is_left_alone(tmp_path):
    text = f"""ErrorLog syslog:local1
CustomLog expr=%{{ENV:LOG}} common
DocumentRoot {tmp_path}
Listen 8080
ProxyPassMatch ^/(.*) http://$1.invalid/
ProxyPass /b balancer://x/
<Proxy http://*.invalid/>
</Proxy>
<VirtualHost *:80>
</VirtualHost>
"""
    assert lines(text, strict=True) == []


def test_certificates_are_looked_into(tmp_path):
    (tmp_path / "a.pem").write_text("no certificate\n")
    text = f"""<VirtualHost *:443>
SSLEngine On
SSLCertificateFile {tmp_path}/a.pem
</VirtualHost>
"""
    assert [item for item in lint(load_text(text)) if item.severity == 2] == []
    (wrong,) = [item for item in lint(load_text(text), strict=True) if item.severity == 2]
    assert wrong.location.line == 3


def test_it_can_be_ignored():
    text = "# revproxy: ignore RP535\nDocumentRoot /nonexistent\n"
    assert lines(text, strict=True) == []
    assert lines(NOWHERE, strict=True, ignore=["RP535"]) == []
