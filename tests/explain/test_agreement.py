"""What is explained is what is served: random files, requests and answers go both ways."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from revproxy.explain.ask import Asked, explain
from revproxy.explain.content import content_of
from revproxy.explain.story import Message
from revproxy.plan.load import load_text
from tests.serving import Client, origin, read_head, served

HEAD = """Listen 80
ServerName www.test
KeepAlive Off
"""
LINES = [
    "ProxyPass /app/ http://127.0.0.1:PORT/base/",
    "ProxyPass /app/shut !",
    "ProxyPassMatch ^/m/(.*)$ http://127.0.0.1:PORT/$1",
    "ProxyPassReverse /app/ http://127.0.0.1:PORT/base/",
    "ProxyPassReverseCookiePath /base/ /app/",
    "ProxyPreserveHost On",
    "ProxyErrorOverride On",
    "ProxyAddHeaders Off",
    'ErrorDocument 404 "not there"',
    "ErrorDocument 403 /app/error",
    "RewriteEngine On\nRewriteCond %{QUERY_STRING} ^a=(.*)$\n"
    "RewriteRule ^/old/(.*) /app/$1?was=%1 [PT]",
    "RewriteEngine On\nRewriteRule ^/go/(.*) /app/$1 [R=307,L]",
    "RewriteEngine On\nRewriteRule ^/p/(.*) http://127.0.0.1:PORT/p/$1 [P,QSA]",
    "RewriteEngine On\nRewriteCond %{HTTP:X-Bad} .\nRewriteRule ^ - [F]",
    "RedirectMatch 301 ^/r/(.*) /app/$1",
    "Redirect gone /gone",
    "SetEnvIf X-Flag (.+) flag=$1",
    "RequestHeader set X-Flag seen env=flag",
    "RequestHeader edit Cookie a b",
    "RequestHeader unset Referer",
    "Header always set X-Always yes",
    "Header edit Location ^http: https:",
    "Header append Vary X-Flag",
    'Header set X-Expr "expr=%{REQUEST_METHOD}-%{HTTP_HOST}"',
    "<Location /app/in>\nRequire ip 127.0.0.1\nHeader set X-In 1\n</Location>",
    "<Location /app/out>\nRequire ip 203.0.113.1\n</Location>",
    "<Location /app/user>\nAuthType Basic\nAuthName x\nAuthUserFile /nonexistent\n"
    "Require valid-user\n</Location>",
    "<LocationMatch ^/app/(?<part>[a-z]+)>\nRequestHeader set X-Part %{MATCH_PART}e\n"
    "</LocationMatch>",
    "<If \"%{REQUEST_METHOD} == 'POST'\">\nHeader set X-Post 1\n</If>",
    "ProxyHTMLEnable On\nProxyHTMLURLMap http://127.0.0.1:PORT/base/ /app/",
    "SetOutputFilter DEFLATE",
    "AddOutputFilterByType SUBSTITUTE text/plain\nSubstitute s/plain/simple/",
    "<Proxy http://127.0.0.1:PORT/>\nProxySet timeout=5\nRequestHeader set X-Proxy 1\n</Proxy>",
]
PATHS = st.sampled_from(
    [
        *(
            "/app/x",
            "/app/in/y",
            "/app/out",
            "/app/user",
            "/app/shut/z",
            "/old/y%2Fz?a=1",
            "/old/x",
        ),
        *(
            "/go/x?q=1",
            "/p/x?b=2",
            "/m/%41%20b",
            "/r/x",
            "/gone",
            "/none",
            "/app//x/../y",
            "/app/%zz",
        ),
    ]
)
FIELDS = st.sampled_from(
    [
        *(
            ("Accept-Encoding", "gzip"),
            ("Cookie", "a=a"),
            ("Referer", "http://r/"),
            ("X-Flag", "1"),
        ),
        *(
            ("X-Bad", "1"),
            ("Connection", "X-Flag"),
            ("Authorization", "Basic YTpi"),
            ("TE", "trailers"),
        ),
        *(("X-Forwarded-For", "198.51.100.9"), ("Range", "bytes=0-3"), ("If-None-Match", '"e"')),
    ]
)
PAGE = b'<html><a href="http://127.0.0.1:PORT/base/next">plain</a>' + b" and more" * 20 + b"</html>"
ANSWERS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: LENGTH\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: s=1; Path=/base/\r\n\r\nplain",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:PORT/base/y\r\n"
        b"Content-Length: 0\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nETag: "e"\r\nVary: A\r\nTransfer-Encoding: chunked\r\n\r\n'
        b"3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
    ]
)


def heads(message: Message, answer: bytes) -> list[tuple[str, str]]:
    """The fields that must agree.

    Whether the end of an answer without a length comes with its first octets is the network's
    affair, and with it how a filtered body is framed.
    """
    head = answer.partition(b"\r\n\r\n")[0].lower()
    is_open = b"content-length:" not in head and b"transfer-encoding:" not in head
    left_out = {"date", *(("content-length", "transfer-encoding") if is_open else ())}
    return [item for item in message.fields if item[0].lower() not in left_out]


def parsed(data: bytes) -> Message:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    message = Message(first, tuple((name, value.strip()) for name, _, value in pairs))
    return Message(first, message.fields, len(body), content_of(message, body))


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(LINES), unique=True, min_size=3, max_size=12),
    PATHS,
    st.lists(FIELDS, max_size=3, unique=True),
    st.sampled_from(["GET", "POST", "HEAD"]),
    ANSWERS,
)
def test_the_story_and_the_server_agree(lines, path: str, fields, method: str, answer: bytes):
    seen: list[bytes] = []
    body = b"hello" if method == "POST" else b""

    def filled(text: bytes, port: int) -> bytes:
        text = text.replace(b"PORT", str(port).encode())
        return text.replace(b"LENGTH", str(len(text.partition(b"\r\n\r\n")[2])).encode())

    async def serve() -> tuple[int, bytes]:
        async def handler(stream: Client) -> None:
            head, rest = await read_head(stream)
            while head and len(rest) < len(body):
                rest += bytes(await stream.receive_some())
            if head:
                seen.append(head + rest)
                await stream.send_all(filled(answer, port))

        async with origin(handler) as port:
            text = (HEAD + "\n".join(lines)).replace("PORT", str(port))
            async with served(text) as server:
                asked = [f"{method} {path} HTTP/1.1", "Host: www.test"]
                asked += [f"{name}: {value}" for name, value in fields]
                asked += [f"Content-Length: {len(body)}"] if body else []
                return port, await server.ask("\r\n".join([*asked, "", ""]).encode() + body)

    port, came = trio.run(serve)
    text = (HEAD + "\n".join(lines)).replace("PORT", str(port))
    story = explain(
        load_text(text, server_root="/nonexistent"),
        Asked(
            f"http://www.test{path}",
            method,
            tuple(fields),
            client="127.0.0.1",
            body=body,
            response=filled(answer, port),
        ),
    )
    got = parsed(came)
    assert story.response is not None
    assert story.response.first == got.first
    assert heads(story.response, answer) == heads(got, answer)
    assert story.response.content == got.content
    if story.asked is None:
        assert seen == []
    else:
        asked = parsed(seen[-1])
        assert (story.asked.first, story.asked.fields) == (asked.first, asked.fields)
        assert story.asked.content == asked.content
