"""The access log as JSON: valid and complete whatever a client sends."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from revproxy.log_json import compile_json, quoted
from revproxy.module import Server
from tests.exchanges import make_exchange

README = Path(__file__).parents[1] / "README.md"
LINE = compile_json(Server(name="www.example.test"))
HEAD = (
    "GET /a%2Fb?q=1 HTTP/1.1\r\nHost: Www.Example.Test:8080\r\nReferer: http://r/\r\n"
    'User-Agent: say "hi"\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n'
)


def told(**slots: object) -> dict[str, object]:
    line = LINE(make_exchange(HEAD, **slots))
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    result: dict[str, object] = json.loads(line)
    return result


def test_a_line_tells_all_there_is():
    moment = 1_700_000_000_123_456_789
    found = told(started=moment, status=404, body_sent=7, user="joe", env={"UNIQUE_ID": "one"})
    assert found.pop("duration_us", 0) > 0
    assert found == {
        "time": "2023-11-14T22:13:20.123456Z",
        "request_id": "one",
        "client": "192.0.2.7",
        "client_port": 40000,
        "peer": "192.0.2.7",
        "server": "www.example.test",
        "port": 8080,
        "host": "Www.Example.Test:8080",
        "method": "GET",
        "path": "/a%2Fb",
        "query": "q=1",
        "protocol": "HTTP/1.1",
        "request": "GET /a%2Fb?q=1 HTTP/1.1",
        "status": 404,
        "bytes": 7,
        "bytes_in": 0,
        "bytes_out": 0,
        "content_type": None,
        "referer": "http://r/",
        "user_agent": 'say "hi"',
        "forwarded_for": "192.0.2.9",
        "upstream": None,
        "tls": None,
        "tls_cipher": None,
        "connection": "keep-alive",
        "user": "joe",
        "error": None,
    }
    assert datetime.datetime.fromisoformat(str(found["time"])).tzinfo is not None


def test_an_internal_redirect_tells_of_the_clients_request():
    first = make_exchange(HEAD, user="joe", error_detail="closed", status=403)
    inner = first.redirected("/errors/403.html", "why")
    inner.status, inner.body_sent, inner.close = 403, 12, True
    found = json.loads(LINE(inner))
    assert (found["path"], found["query"], found["user"]) == ("/a%2Fb", "q=1", "joe")
    assert (found["status"], found["bytes"], found["error"]) == (403, 12, "closed")
    assert found["connection"] == "close"


def test_the_readme_names_every_member():
    text = README.read_text(encoding="utf-8").partition("## Logs")[2].partition("\n## ")[0]
    assert [name for name in told() if f"`{name}`" not in text] == []


@given(st.text(st.characters(max_codepoint=255)))
def test_no_octets_break_the_line(text):
    line = quoted(text)
    assert line.isascii()
    assert line.isprintable()
    value = json.loads(line)
    assert value == text or value.encode() == text.encode("latin-1")


def test_what_is_utf8_is_told_as_such():
    assert json.loads(quoted("Ã¤")) == "ä"
    assert json.loads(quoted("ä")) == "ä"
    assert quoted(None) == "null"
