"""The scenario of rewriting: 40 hosts, each with 60 rules and 20 conditions, hit by the last.

Laws:
- Apache and revproxy get the same file; every request goes to the origin by the last rule of its
  host, after all others were tried.
- Half of the conditions are asked at each request: their rules' patterns match everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.contest import Bench, Row
from tests.bench.load import Wrk
from tests.bench.processes import free_port
from tests.bench.servers import THREADS, apache, revproxy

HOSTS = 40
_EVERYWHERE = """
RewriteCond %{REQUEST_METHOD} ^(TRACE|TRACK)$
RewriteRule ^ - [F]
RewriteCond %{HTTP_USER_AGENT} (badbot|scraper|nikto|sqlmap) [NC]
RewriteRule .* - [F,L]
RewriteCond %{HTTP_HOST} ^www\\.(.+)$ [NC]
RewriteRule ^/(.*)$ http://%1/$1 [R=301,L]
RewriteCond %{HTTP:X-Forwarded-Proto} =http
RewriteRule ^/(.*)$ https://%{HTTP_HOST}/$1 [R=301,L]
RewriteCond %{QUERY_STRING} (union|select|insert).*\\( [NC,OR]
RewriteCond %{QUERY_STRING} base64_(en|de)code
RewriteRule .? - [F]
RewriteCond %{HTTP_COOKIE} beta=1
RewriteCond %{REQUEST_URI} !^/beta/
RewriteRule ^/(.*)$ /beta/$1 [PT]
RewriteCond %{HTTP_REFERER} spam\\.example [NC]
RewriteRule ^ - [G]
RewriteCond %{REMOTE_ADDR} ^10\\.
RewriteRule ^ - [E=INTERNAL:1]
"""


def rules(bench: Bench) -> list[Row]:
    """Requests to four of the hosts."""
    origin = f"http://127.0.0.1:{bench.origin_port}/"
    worker = f"<Proxy {origin}>\nProxySet timeout=30\n</Proxy>"
    lines = [line for host in range(HOSTS) for line in _host(host, origin, worker)]
    body = "\n".join(lines)
    contenders = [
        one
        for one in (
            apache(bench.place("apache"), free_port(), body, THREADS, ("rewrite",)),
            revproxy(bench.place("revproxy"), free_port(), body),
        )
        if one.name in bench.names
    ]
    wrk = Wrk(
        tuple((f"h{host}.example.test", f"/shop/{host}/page?id={host}") for host in (0, 7, 19, 39))
    )
    script = wrk.script(bench.directory)
    return bench.measure(
        "rules",
        contenders,
        lambda port: wrk.burst(port, bench.seconds, script, bench.load_cores),
        target=1.1,
    )


def _host(number: int, origin: str, worker: str) -> Iterator[str]:
    """A virtual host with 60 rules and 20 conditions."""
    yield f"<VirtualHost *>\nServerName h{number}.example.test\nRewriteEngine On"
    yield worker
    yield _EVERYWHERE
    for old in range(20):
        yield f"RewriteRule ^/old/page{old}\\.html$ /new/{old} [R=301,L]"
    for word in (
        "wp-admin",
        "wp-login",
        "xmlrpc",
        "phpmyadmin",
        "cgi-bin",
        "\\.git",
        "\\.env",
        "\\.svn",
    ):
        yield f"RewriteRule ^/{word} - [F,L]"
    for extension in ("bak", "old", "orig", "save", "sql", "swp"):
        yield f"RewriteRule \\.{extension}$ - [F]"
    for language in ("de", "fr", "it", "es", "nl"):
        yield f"RewriteCond %{{HTTP:Accept-Language}} ^{language} [NC]"
        yield f"RewriteRule ^/start$ /{language}/start [R,L]"
    for section in range(10):
        yield "RewriteCond %{REQUEST_METHOD} =POST" if section < 5 else ""
        pattern = f"^/(section{section}|part{section})/([0-9]+)/(.*)$"
        yield f"RewriteRule {pattern} /s/$2/$3?s=$1 [QSA,PT]"
    yield "RewriteRule ^/api/v1/(.*)$ /api/v2/$1 [PT]"
    yield "RewriteRule ^/([^/]+)\\.php$ /$1 [R=301,L]"
    yield f"RewriteRule ^/(.*)$ {origin}$1 [P,L]"
    yield "</VirtualHost>"
