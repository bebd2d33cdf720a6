"""The story of a request: it is what the server does, and says by which line."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from revproxy.cli import main
from revproxy.errors import ConfigError
from revproxy.explain.ask import PLAYED, Asked, Explainer, explain
from revproxy.explain.chain import chain
from revproxy.explain.content import content_of
from revproxy.explain.played import read_response
from revproxy.explain.story import Message, Story, changes
from revproxy.plan.load import load_text
from tests.serving import Client, origin, read_head, served

CONFIG = """Listen 80
ServerName main.test
<VirtualHost *:80>
    ServerName www.test
    ServerAlias *.www.test
    RewriteEngine On
    RewriteRule ^/old/(.*) /app/$1 [PT]
    ProxyPass /app/static !
    ProxyPass /app/ http://app.internal:PORT/base/
    ProxyPass /app/deep http://deep.internal/
    ProxyPassReverse /app/ http://app.internal:PORT/base/
    RequestHeader set X-Seen yes
    Header always set X-Frame-Options DENY
    <Location /app/inner>
        Require ip 198.51.100.0/24
        RequestHeader set X-Inner yes
    </Location>
    <Location /locked>
        AuthType Basic
        AuthName locked
        AuthUserFile /nonexistent
        Require valid-user
    </Location>
</VirtualHost>
<VirtualHost *:80>
    ServerName other.test
    Redirect /a http://www.test/old/a
</VirtualHost>
"""


def story_of(url: str, text: str = CONFIG, **asked) -> Story:
    loaded = load_text(text.replace("PORT", "8080"), "httpd.conf")
    return explain(loaded, Asked(url, **asked))


def lines_of(story: Story) -> set[int]:
    return {place.line for step in story.steps for place in step.places}


def test_the_request_to_the_origin_and_the_lines_that_made_it():
    story = story_of("http://www.test/old/x?q=1", fields=(("Accept", "*/*"),))
    assert story.origin == "http://app.internal:8080/base/x?q=1"
    assert story.asked is not None
    assert story.asked.first == "GET /base/x?q=1 HTTP/1.1"
    assert ("X-Seen", "yes") in story.asked.fields
    assert {7, 9, 12, 13} <= lines_of(story)
    assert story.host == "www.test"
    assert story.host_place is not None
    assert story.host_place.line == 3


def test_an_entry_that_is_not_reached_is_named():
    story = story_of("http://www.test/app/deep/x")
    assert story.origin == "http://app.internal:8080/base/deep/x"
    (hidden,) = [step for step in story.steps if "not reached" in step.text]
    assert hidden.places[0].line == 10


def test_all_entries_that_are_not_reached_are_named():
    text = """Listen 80
SetEnvIf Host . part=deep
ProxyPassInterpolateEnv On
ProxyPass /a/shut !
ProxyPass /a/${part} http://deep.internal/ interpolate
ProxyPass /b http://b.internal
ProxyPassMatch ^/a/(.*)$ http://match.internal/$1
ProxyPass / http://all.internal/
<Location /a>
    ProxyPass http://section.internal
</Location>
"""

    def found(path: str) -> tuple[str, set[int]]:
        story = story_of(f"http://a.test{path}", text)
        hidden = [step for step in story.steps if "not reached" in step.text]
        return story.origin, {place.line for step in hidden for place in step.places}

    assert found("/a/shut") == ("http://section.internal/shut", {4, 7, 8})
    assert found("/b/x") == ("http://b.internal/x", {8})


@pytest.mark.parametrize(
    "rule", ["^/app http://o/ [P]", "^/app http://o/ [R]", "^/app /file", "^/app - [F]"]
)
def test_mappings_that_a_rule_hides_are_named(rule: str):
    text = f"""Listen 80
RewriteEngine On
RewriteRule {rule}
ProxyPass /app/shut !
ProxyPass /other http://other.internal/
ProxyPass /app http://app.internal/
"""
    story = story_of("http://a.test/app/x", text)
    hidden = [step for step in story.steps if "is not asked" in step.text]
    assert [(step.acted, step.places[0].line) for step in hidden] == [(False, 6)]


def test_an_exclusion_is_a_decision():
    story = story_of("http://www.test/app/static/x")
    assert story.asked is None
    assert 8 in lines_of(story)
    assert story.status == 404


@pytest.mark.parametrize(("client", "status"), [("198.51.100.7", 200), ("203.0.113.7", 403)])
def test_access_depends_on_the_client(client: str, status: int):
    story = story_of("http://www.test/app/inner/x", client=client)
    assert story.status == status
    assert [place.line for place in story.sections] == [14]
    assert (story.asked is None) is (status == 403)


@pytest.mark.parametrize(
    ("host", "name", "reason"),
    [
        ("www.test", "www.test", "its ServerName is www.test"),
        ("a.www.test", "www.test", "a ServerAlias takes a.www.test"),
        ("nobody.test", "www.test", "no host of this address is called nobody.test"),
        ("other.test", "other.test", "its ServerName is other.test"),
    ],
)
def test_why_a_virtual_host_was_chosen(host: str, name: str, reason: str):
    story = story_of(f"http://{host}/x")
    assert story.host == name
    assert reason in story.host_reason


def test_what_the_origin_answers_is_made_fit():
    data = read_response(b"HTTP/1.1 302 Found\nLocation: http://app.internal:8080/base/y\n\nhi")
    story = story_of("http://www.test/app/x", response=data)
    assert story.location == "http://www.test/app/y"
    assert any("ProxyPassReverse makes" in step.text for step in story.steps)
    assert story.told is not None
    assert story.response is not None
    cut = [item for item in changes(story.told, story.response) if item[0] == "-"]
    assert cut == [("-", "Location", "http://app.internal:8080/base/y")]


LINES = """Listen 80
ServerName a.test
SetEnvIf Request_URI ^/never never
SetEnvIf Request_URI ^/app seen
Redirect /old http://b.test/
Alias /files /nonexistent
ProxyPass /app http://app.internal/
ProxyPassReverse /other http://other.internal/
ProxyPassReverse /app http://app.internal/
ProxyPassReverseCookiePath /none /x
ProxyPassReverseCookiePath / /app
<Location /shut>
    Require ip 198.51.100.1
    # Nobody else.
</Location>
ErrorDocument 403 /files/no.html
ErrorDocument 404 "gone"
<Location /list>
    Order Deny,Allow
    Deny from 192.0.2.0/24
    Allow from 198.51.100.2
</Location>
"""


@pytest.mark.parametrize(
    ("path", "acted", "idle"),
    [
        ("/app/x", {4, 7, 9, 11}, {3, 8, 10}),
        ("/old/x", {5}, {3, 4}),
        ("/files/x", {6, 17}, {3, 4, 5}),
        ("/shut", {6, 13, 16}, {3, 4, 5, 6}),
        ("/list", {6, 16, 19, 20}, {3, 4, 5, 6, 21}),
    ],
)
def test_each_line_that_was_looked_at_is_known(path: str, acted: set[int], idle: set[int]):

    response = read_response(
        b"HTTP/1.1 302 Found\nLocation: http://app.internal/y\nSet-Cookie: a=b; Path=/\n\n"
    )
    story = story_of(f"http://a.test{path}", LINES, response=response)
    for wanted, did in ((acted, True), (idle, False)):
        steps = [step for step in story.steps if step.acted is did and step.places]
        assert {place.line for step in steps for place in step.places} == wanted


def test_links_of_a_page_are_told_with_their_lines():
    text = """Listen 80
ProxyPass / http://o/
ProxyHTMLEnable On
ProxyHTMLExtended On
ProxyHTMLEvents onclick
ProxyHTMLURLMap http://o/ /
ProxyHTMLURLMap ^/a(.)/ /b$1/ R
ProxyHTMLURLMap http://never/ /
"""
    page = (
        b"<a href='http://o/x'><a href='/ac/y'><a onclick='go(\"http://o/z\")'>"
        + b"<a href='http://o/n'>" * 6
        + b"<script>'http://o/s'</script>"
    )
    response = read_response(b"200 OK\nContent-Type: text/html\n\n" + page)
    story = story_of("http://a.test/", text, response=response)
    told = [step for step in story.steps if step.module == "mod_proxy_html"]
    found = [(step.places[0].line, step.acted, step.text.partition(" ")[2]) for step in told]
    assert found[:4] == [
        (6, True, "http://o/ makes /x of http://o/x"),
        (7, True, "^/a(.)/ makes /bc/y of /ac/y"),
        (6, True, 'http://o/ makes go("/z") of go("http://o/z")'),
        (6, True, "http://o/ makes /n of http://o/n"),
    ]
    assert found[-2:] == [
        (6, True, "http://o/ changes 4 more"),
        (8, False, "http://never/ fits nothing on the page"),
    ]
    assert story.response is not None
    assert story.response.content.startswith(b"<a href='/x'><a href='/bc/y'><a onclick='go(")


def test_sections_on_the_way_are_known():
    text = """Listen 80
RewriteEngine On
RewriteRule ^/a/(.*) /b/$1 [PT]
<Location /a>
    ProxyPass http://a.internal/
</Location>
<Location /b>
    ErrorDocument 404 /c
</Location>
<Location /c>
</Location>
"""
    story = story_of("http://a.test/a/x", text)
    assert [place.line for place in story.sections] == [7]
    assert {place.line for place in story.covered} == {4, 7, 10}


TLS = """Listen 443 https
<VirtualHost *:443>
ServerName www.test
SSLEngine On
SSLCertificateFile /nonexistent/a.pem
SSLCertificateKeyFile /nonexistent/a.key
SSLVerifyClient optional
SSLCACertificateFile /nonexistent/ca.pem
SSLProxyEngine On
SSLProxyVerify require
SSLProxyCACertificateFile /nonexistent/ca.pem
ProxyPass / https://o.internal/
<Location /section>
    SSLVerifyClient optional
    SSLRequireSSL
</Location>
RequestHeader set X-Proto https env=HTTPS
RequestHeader set X-Name "%{SSL_TLS_SNI}s %{SSL_PROTOCOL}s %{SSL_CLIENT_S_DN}s"
SSLOptions +StdEnvVars
RequestHeader set X-Cipher %{SSL_CIPHER}e
<Proxy https://o.internal/>
    SSLProxyMachineCertificateFile /nonexistent/own.pem
    SSLProxyCACertificateFile /nonexistent/other.pem
</Proxy>
</VirtualHost>
"""


@pytest.mark.parametrize("path", ["/x", "/section/x"])
def test_no_key_and_no_certificate_has_to_be_there(path: str):
    story = story_of(f"https://www.test{path}", TLS)
    assert story.origin == f"https://o.internal{path}"
    assert story.status == 200
    assert story.asked is not None
    assert story.asked.values("X-Proto") == ["https"]
    assert story.asked.values("X-Name") == ["www.test TLSv1.3 (null)"]
    assert story.asked.values("X-Cipher") == ["TLS_AES_256_GCM_SHA384"]


def test_without_tls_its_variables_are_not_there():
    story = story_of("http://www.test:443/section/x", TLS)
    assert story.status == 403
    story = story_of("http://www.test:443/x", TLS)
    assert story.asked is not None
    assert story.asked.values("X-Proto") == []


def test_a_map_need_not_be_there(tmp_path, capsys):
    file = tmp_path / "httpd.conf"
    rules = "RewriteEngine On\nRewriteRule ^/(.*) http://o.test/${m:$1|other} [R]\n"
    for kind in ("txt", "rnd", "dbm", "prg"):
        file.write_text(f"RewriteMap m {kind}:/nonexistent\n{rules}")
        assert main(["explain", str(file), "http://a.test/x"]) == 0
        told = capsys.readouterr()
        assert "Location: http://o.test/other" in told.out
        assert "file for map not found:/nonexistent" in told.err
        with pytest.raises(ConfigError, match="file for map not found"):
            load_text(file.read_text()).plan()


def test_a_body_may_come_in_chunks():
    for body in (b"hello", b""):
        fields = (("Transfer-Encoding", "chunked"),)
        story = story_of("http://www.test/app/x", method="POST", fields=fields, body=body)
        assert story.status == 200
        assert story.asked is not None
        assert story.asked.content == body


def test_an_origin_that_is_out_of_reach():
    story = story_of("http://www.test/app/x", response=None)
    assert story.status == 503
    assert story.asked is None
    assert "out of reach" in story.detail


def test_requests_do_not_know_of_each_other():
    explainer = Explainer(
        load_text(
            "Listen 80\nRequestRate 1/h\nProxyPass / http://a.internal/ retry=60\n", "httpd.conf"
        )
    )
    found = [
        explainer.ask(Asked("http://a.test/", response=response)).status
        for response in (PLAYED, None, PLAYED)
    ]
    assert found == [200, 503, 200]


@pytest.mark.parametrize(
    ("fields", "body", "content"),
    [
        ((), b"abc", b"abc"),
        ((("Transfer-Encoding", "chunked"),), b"2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
        ((("Transfer-Encoding", "chunked"),), b"broken", b"broken"),
        ((("Content-Encoding", "gzip"),), gzip.compress(b"abc"), b"abc"),
        ((("Content-Encoding", "deflate"),), zlib.compress(b"abc"), b"abc"),
        ((("Content-Encoding", "gzip"),), b"broken", b"broken"),
    ],
)
def test_the_content_of_a_message(fields, body: bytes, content: bytes):
    assert content_of(Message("", fields), body) == content


def test_an_error_says_what_the_error_log_would():
    story = story_of("http://www.test/locked", fields=(("Authorization", "Basic YTpi"),))
    assert story.status == 500
    assert "/nonexistent" in story.detail


def test_a_chain_of_redirects_is_followed():
    loaded = load_text(CONFIG.replace("PORT", "8080"))
    stories = list(chain(loaded, Asked("http://other.test/a/b"), follow=True))
    assert [story.status for story in stories] == [302, 200]
    assert stories[1].origin == "http://app.internal:8080/base/a/b"


def test_no_more_redirects_are_followed_than_ten():
    loaded = load_text("Listen 80\nRedirect / http://a.test/\n")
    assert len(list(chain(loaded, Asked("http://a.test/"), follow=True))) == 11


PATHS = st.sampled_from(
    ["/app/x", "/old/y%2Fz", "/app/inner/a?b=c", "/app//deep/", "/app/%41", "/app/a%20b", "/app/.."]
)
NAMES = st.sampled_from(["Accept", "X-Forwarded-For", "Connection", "TE", "Cookie", "Via"])
VALUES = st.sampled_from(["a", "keep-alive", "X-Seen", "close, Accept", "203.0.113.1", ""])


@settings(max_examples=40)
@given(PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_the_story_and_the_server_agree(path: str, fields: list[tuple[str, str]]):
    """The same octets reach the origin, whether told or served."""
    seen: list[bytes] = []

    async def handler(stream: Client) -> None:
        head, _ = await read_head(stream)
        if head:
            seen.append(head)
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def text(port: int) -> str:
        return CONFIG.replace("app.internal:PORT", f"127.0.0.1:{port}").replace(
            "198.51.100.0/24", "127.0.0.1"
        )

    async def main() -> tuple[int, bytes]:
        async with origin(handler) as port, served(text(port)) as server:
            lines = [f"GET {path} HTTP/1.1", "Host: www.test"]
            lines += [f"{name}: {value}" for name, value in fields]
            answer = await server.ask("\r\n".join([*lines, "", ""]).encode())
        return port, answer

    port, answer = trio.run(main)
    asked = Asked(f"http://www.test{path}", fields=tuple(fields), client="127.0.0.1")
    story = explain(load_text(text(port), server_root="/nonexistent"), asked)
    assert story.status == int(answer.split(b" ", 2)[1])
    told = story.asked
    if told is None:
        assert seen == []
    else:
        lines = [told.first, *(f"{name}: {value}" for name, value in told.fields)]
        served_lines = [line.rstrip() for line in seen[0].decode().split("\r\n") if line]
        assert [line.rstrip() for line in lines] == served_lines


def test_changes_keep_their_order():
    before = Message("", (("A", "1"), ("B", "2")))
    after = Message("", (("b", "2"), ("C", "3")))
    assert changes(before, after) == [("-", "A", "1"), ("+", "C", "3")]


@pytest.mark.parametrize("kind", ["text", "json", "html"])
def test_the_command(kind: str, tmp_path, capsys):
    path = tmp_path / "httpd.conf"
    path.write_text(CONFIG.replace("PORT", "8080"))
    assert main(["explain", str(path), "http://www.test/app/x", "--format", kind]) == 0
    out = capsys.readouterr().out
    assert "http://app.internal:8080/base/x" in out
    if kind == "json":
        assert json.loads(out)[0]["origin"]["request"]["first"] == "GET /base/x HTTP/1.1"
    if kind == "html":
        assert "<script" not in out
        assert "<VirtualHost" not in out


@pytest.mark.parametrize(
    "options",
    [
        ["ftp://www.test/"],
        ["/path"],
        ["http://www.test/", "-H", "no colon"],
        ["http://www.test/", "--response", "/nonexistent"],
    ],
)
def test_what_cannot_be_asked_is_wrong_usage(options: list[str], tmp_path, capsys):
    path = tmp_path / "httpd.conf"
    path.write_text("Listen 80\n")
    assert main(["explain", str(path), *options]) == 3
    assert capsys.readouterr().err.startswith("revproxy: ")


def test_a_broken_file_is_not_explained(tmp_path, capsys):
    path = tmp_path / "httpd.conf"
    path.write_text("Nonsense\n")
    assert main(["explain", str(path), "http://a.test/"]) == 1
    assert "RP509" in capsys.readouterr().err


def test_certificates_need_not_be_there():
    config = """<VirtualHost *:443>
ServerName www.test
SSLEngine On
SSLCertificateFile /nonexistent.pem
SSLCertificateKeyFile /nonexistent.key
ProxyPass /a/ http://app.internal:PORT/
</VirtualHost>
"""
    config = config.replace("ProxyPass", "RequestHeader set X-Tls %{HTTPS}s\nProxyPass")
    config = config.replace("ProxyPass", 'RequestHeader set X-Name "%{SSL_TLS_SNI}s"\nProxyPass', 1)
    story = story_of("https://www.test/a/x", config)
    assert story.origin == "http://app.internal:8080/x"
    assert ("X-Tls", "on") in story.asked.fields
    assert ("X-Name", "www.test") in story.asked.fields
    with pytest.raises(ConfigError):
        load_text(config).plan()
