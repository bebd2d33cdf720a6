"""ProxyProtocol before a real Apache that takes announcements (RemoteIPProxyProtocol)."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.oracle.servers import APACHE, Server

if not APACHE:
    pytest.skip("needs apache2", allow_module_level=True)

ORIGIN = """
RemoteIPProxyProtocol On
<VirtualHost *:@PORT2@>
SSLEngine on
SSLCertificateFile @CERTS@/origin.pem
RemoteIPProxyProtocol On
Redirect / http://told/
Header always set X-Client "expr=%{REMOTE_ADDR}"
</VirtualHost>
Redirect / http://told/
Header always set X-Client "expr=%{REMOTE_ADDR}"
"""

FRONT = """
RemoteIPHeader X-Client-Is
RemoteIPInternalProxy 127.0.0.1
<IfModule mpm_trio_module>
ProxyProtocol {version}
</IfModule>
SSLProxyEngine On
SSLProxyCheckPeerName Off
ProxyPass /tls https://127.0.0.1:{tls}/
ProxyPass / http://127.0.0.1:{plain}/
"""


def ask(port: int, path: str, address: str) -> str:
    """Who the origin says the client is."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Client-Is: {address}\r\n"
        client.sendall(head.encode() + b"\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    return answer.partition("X-Client: ")[2].partition("\r\n")[0]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_apache_hears_who_the_client_is(tmp_path: Path, version: str) -> None:
    nowhere = SimpleNamespace(ports=[1, 2], unix="", places={})
    servers = {}
    for kind in ("apache", "revproxy"):
        (tmp_path / kind).mkdir()
        servers[kind] = Server(kind, tmp_path / kind, nowhere, 1)  # type: ignore[arg-type]
    plain, tls = servers["apache"].ports
    front = FRONT.format(version=version, plain=plain, tls=tls)
    with servers["apache"].running(ORIGIN, {}), servers["revproxy"].running(front, {}):
        port = servers["revproxy"].ports[0]
        for address in ("192.0.2.1", "2001:db8::1", "192.0.2.3"):
            heard = ask(port, "/x", address).removeprefix("::ffff:")
            assert heard == address
            assert ask(port, "/tls/x", address).removeprefix("::ffff:") == address
