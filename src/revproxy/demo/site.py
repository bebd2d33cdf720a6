"""The pages of the demo site, an application that knows nothing of the proxy before it.

Laws:
- It makes absolute URLs from the Host field it was sent, as many applications do: that is what
  ProxyPassReverse and ProxyPreserveHost are for.
- It listens on the loopback address alone and keeps nothing.
"""

from __future__ import annotations

import gzip
import html
import json
import sys
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from revproxy.demo.websocket import accept_key, echo

INDEX: Final = """<ul>
<li><a href="/about">a plain page</a>
<li><a href="{self}/about">an absolute link to this site</a>
<li><a href="/old">an absolute redirect</a>
<li><a href="/login">a cookie for this site's own path and name, then a redirect</a>
<li><a href="/account">what the cookie says</a>
<li><a href="/form">a form</a>
<li><a href="/links">links of every kind, all absolute, compressed</a>
<li><a href="/echo?a=b">what this site was sent</a>
<li><a href="/download?size=10000000">10 MB</a>
<li><a href="/status/503">an error</a>
</ul>"""
FORM: Final = """<form method="post" action="/form">
<input name="name" value="Ada"> <button>Send</button></form>"""
LINKS: Final = """<!DOCTYPE html>
<html><head><meta charset=utf-8><title>Links</title>
<link rel="stylesheet" href="{self}/links.css">
<script src="{self}/links.js"></script>
<style>h1 {{ background: url({self}/dot.svg) }}</style></head>
<body><h1>Links</h1>
<!-- <a href="{self}/about">no link</a> -->
<p class=box><a href="{self}/about">one</a> <a href='{self}/form?a=b&amp;c=d'>two</a>
<a href={self}/echo>three</a> <A HREF="{self}/old">four</A> <a href="/about">five</a>
<p><img src="{self}/dot.svg" alt=dot width=40> <img srcset="{self}/dot.svg 1x, {self}/dot.svg 2x">
<span style="background: url('{self}/dot.svg')">inline</span>
<svg width=60 height=40><a href="{self}/about"><image href="{self}/dot.svg" width=40 /></a></svg>
<form method=post action="{self}/form"><input name=name value=Ada>
<button formaction="{self}/echo">Send</button></form>
<noscript><a href="{self}/about">without scripts</a></noscript>
<textarea><a href="{self}/about">no link</a></textarea>
</body></html>"""
DOT: Final = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<circle cx="20" cy="20" r="16" fill="teal"/></svg>"""
PIECE: Final = bytes(range(256)) * 256


class Site(BaseHTTPRequestHandler):
    """One connection of a client, most often a proxy."""

    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""

    def do_GET(self) -> None:
        """Find the page; what has no page is 404."""
        split = urllib.parse.urlsplit(self.path)
        body = self._read_body()
        if split.path.startswith("/status/"):
            self._status(split.path.removeprefix("/status/"))
            return
        page = PAGES.get(split.path)
        if page is None:
            self._send(404, "no such page")
        else:
            page(self, split.query, body)

    # http.server calls a method by its HTTP name.
    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """The proxy before it keeps the log."""

    def index(self, _query: str, _body: bytes) -> None:
        """Links to all there is."""
        self._send(200, INDEX.format(self=self._self_url()))

    def about(self, _query: str, _body: bytes) -> None:
        """A page."""
        self._send(200, "A page of the demo site.")

    def old(self, _query: str, _body: bytes) -> None:
        """An absolute redirect."""
        self._redirect("/about")

    def login(self, _query: str, _body: bytes) -> None:
        """A cookie, and a redirect to the page that shows it."""
        host = self._self_url().removeprefix("http://").partition(":")[0]
        self._redirect("/account", f"session=42; Path=/; Domain={host}; HttpOnly")

    def account(self, _query: str, _body: bytes) -> None:
        """The cookie, if there is one."""
        cookie = html.escape(self.headers.get("Cookie", "none"))
        self._send(200, f"Cookie: {cookie}")

    def form(self, _query: str, body: bytes) -> None:
        """A form and what was sent with it."""
        fields = urllib.parse.parse_qs(body.decode("latin-1"))
        said = f"<p>Hello, {html.escape(fields['name'][0])}!" if "name" in fields else ""
        self._send(200, FORM + said)

    def links(self, _query: str, _body: bytes) -> None:
        """Links wherever HTML has any, to this site by its own name."""
        self._send(200, LINKS.format(self=self._self_url()))

    def style(self, _query: str, _body: bytes) -> None:
        """The style of that page, with a link in it."""
        text = f".box {{ border: 4px solid teal; background: url({self._self_url()}/dot.svg) }}"
        self._send(200, text, "text/css")

    def script(self, _query: str, _body: bytes) -> None:
        """Its script."""
        self._send(200, "document.documentElement.lang = 'en';", "text/javascript")

    def dot(self, _query: str, _body: bytes) -> None:
        """Its image."""
        self._send(200, DOT, "image/svg+xml")

    def echo(self, _query: str, body: bytes) -> None:
        """What the origin saw."""
        seen = {
            "request": self.requestline,
            "headers": self.headers.items(),
            "body": body.decode("latin-1"),
        }
        self._send(200, json.dumps(seen, indent=2) + "\n", "application/json")

    def download(self, query: str, _body: bytes) -> None:
        """As many octets as asked for, a mebibyte where nothing is asked."""
        wanted = urllib.parse.parse_qs(query).get("size", ["1048576"])[0]
        left = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(left))
        self.end_headers()
        while left > 0 and self.command != "HEAD":
            self.wfile.write(PIECE[:left])
            left -= len(PIECE)

    def websocket(self, _query: str, _body: bytes) -> None:
        """Says again whatever it is told."""
        key = self.headers.get("Sec-WebSocket-Key")
        if key is None or self.headers.get("Upgrade", "").lower() != "websocket":
            self._send(400, "this page speaks WebSocket")
            return
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(key))
        self.end_headers()
        self.close_connection = True
        echo(self.rfile, self.wfile)

    def _status(self, word: str) -> None:
        if word in ERRORS:
            self._send(int(word), f"status {word}")
        else:
            self._send(404, "no such status")

    def _self_url(self) -> str:
        return f"http://{self.headers.get('Host', '127.0.0.1')}"

    def _redirect(self, path: str, cookie: str = "") -> None:
        self.send_response(302)
        self.send_header("Location", self._self_url() + path)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, text: str, kind: str = "text/html; charset=utf-8") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body


PAGES: Final[dict[str, Callable[[Site, str, bytes], None]]] = {
    "/": Site.index,
    "/about": Site.about,
    "/old": Site.old,
    "/login": Site.login,
    "/account": Site.account,
    "/form": Site.form,
    "/links": Site.links,
    "/links.css": Site.style,
    "/links.js": Site.script,
    "/dot.svg": Site.dot,
    "/echo": Site.echo,
    "/download": Site.download,
    "/ws": Site.websocket,
}
ERRORS: Final = frozenset(str(status.value) for status in HTTPStatus if status >= 400)


class Server(ThreadingHTTPServer):
    """The site's server; a thread a connection, none of them kept at the end."""

    daemon_threads = True

    def __init__(self, port: int, site: type[BaseHTTPRequestHandler] = Site) -> None:
        super().__init__(("127.0.0.1", port), site)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of defects; a client that went away is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
