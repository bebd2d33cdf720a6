"""Rules in sections: what they see, and the requests they make."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from revproxy import subrequest
from revproxy.plan.load import load_text
from tests.serving import served


def ask(text: str, target: str) -> tuple[str, str]:
    """Status line and body of the answer to a GET."""

    async def main() -> tuple[str, str]:
        async with served(text) as server:
            request = f"GET {target} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
            answer = (await server.ask(request.encode())).decode()
            head, _, body = answer.partition("\r\n\r\n")
            return head.split("\r\n")[0], body

    return trio.run(main)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "sub" / "two.txt").write_text("two")
    return tmp_path


def rules(root: Path, *lines: str) -> str:
    return (
        f"DocumentRoot {root}\nErrorLog /dev/null\nRewriteEngine On\n<Directory {root}>\n"
        + "\n".join(lines)
        + "\n</Directory>\n"
    )


@pytest.mark.parametrize(
    ("line", "target", "status", "body"),
    [
        ("RewriteRule ^a/(.*) sub/$1", "/a/two.txt", "200 OK", "two"),
        ("RewriteRule ^a$ /one.txt", "/a", "200 OK", "one"),
        ("RewriteRule ^one - [F]", "/one.txt", "403 Forbidden", ""),
        ("RewriteRule ^l(.*) l$1x", "/l", "500 Internal Server Error", ""),
        ("RewriteRule ^b$ c [END]\nRewriteRule ^c$ one.txt", "/b", "404 Not Found", ""),
        ("RewriteRule ^b$ c\nRewriteRule ^c$ one.txt", "/b", "200 OK", "one"),
        ("RewriteBase /sub\nRewriteRule ^t$ two.txt", "/t", "200 OK", "two"),
        ("RewriteRule ^one\\.txt$ one.txt", "/one.txt", "200 OK", "one"),
        ("Options None\nRewriteRule ^nothing$ -", "/one.txt", "403 Forbidden", ""),
    ],
)
def test_answers(root: Path, line: str, target: str, status: str, body: str) -> None:
    first, content = ask(rules(root, line), target)
    assert first == f"HTTP/1.1 {status}"
    assert content == body if body else "<html>" in content


def test_looking_ahead_has_an_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    known = subrequest.process
    monkeypatch.setattr(subrequest, "MOST", 30)
    monkeypatch.setattr(
        subrequest, "process", lambda *args, **named: counts.append(1) or known(*args, **named)
    )
    condition = "RewriteCond %{LA-U:REQUEST_FILENAME} .\n"
    text = rules(root, condition + "RewriteRule (.*) %{REQUEST_URI} [N=3]")
    assert ask(text, "/one.txt")[0] == "HTTP/1.1 500 Internal Server Error"
    assert len(counts) == 30


def test_an_error_after_a_redirect_has_its_document(root: Path) -> None:
    text = rules(root, "RewriteRule ^a$ nothing") + "ErrorDocument 404 /one.txt\n"
    assert ask(text, "/a") == ("HTTP/1.1 404 Not Found", "one")


def test_an_error_document_may_be_rewritten(root: Path) -> None:
    text = rules(root, "RewriteRule ^doc$ one.txt") + "ErrorDocument 404 /doc\n"
    assert ask(text, "/nothing") == ("HTTP/1.1 404 Not Found", "one")


def test_an_inner_section_replaces_the_rules_around_it(root: Path) -> None:
    inner = f"<Directory {root}/sub>\n{{}}RewriteRule ^x$ two.txt\n</Directory>\n"
    text = rules(root, "RewriteRule two - [F]")
    assert ask(text + inner.format(""), "/sub/two.txt")[1] == "two"
    refused = ask(text + inner.format("RewriteOptions Inherit\n"), "/sub/two.txt")
    assert refused[0] == "HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<Location /a>\nRewriteBase a\n</Location>", "RewriteBase: argument is not a valid URL"),
        ("<Location /a>\nRewriteRule ( b\n</Location>", "RewriteRule: cannot compile"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    [finding] = load_text(text).diagnostics
    assert finding.message.startswith(message)
    assert finding.location is not None
    assert finding.location.line == 2
