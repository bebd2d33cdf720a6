"""What lint mends: the safe by --fix, the rest by --unsafe-fixes, and --diff changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from revproxy.cli import main
from revproxy.lint.fixes import fixed
from revproxy.lint.run import lint
from revproxy.plan.load import load_text

SAFE = [
    ("RewriteRule ^/a$ http://b.test/ [P,L]", "RewriteRule ^/a$ http://b.test/ [P]"),
    ("RewriteRule ^/a$ - [L,F,NC]", "RewriteRule ^/a$ - [F,NC]"),
    ("  MaxClients 150", "  MaxRequestWorkers 150"),
    ("# a\nNameVirtualHost *:80\n# b", "# a\n# b"),
    ("ProxyPassReverseCookiePath / /\r\n# \xfc\r", "# \xfc\r"),
    ("NameVirtualHost \\\n*:80", "NameVirtualHost \\\n*:80"),
    ("ProxyPass /a http://b.test/", "ProxyPass /a http://b.test/"),
]
UNSAFE = [
    ("ProxyPass /a http://b.test/", "ProxyPass /a http://b.test"),
    ('ProxyPass /a/ "http://b.test"', 'ProxyPass /a/ "http://b.test/"'),
    ("ProxyPass /a/ http://b.test/c retry=5", "ProxyPass /a/ http://b.test/c/ retry=5"),
    (
        "RewriteCond ${HTTP:Upgrade} =x\nRewriteRule ^/(.*) ws://b.test/$1 [P,L]",
        "RewriteCond %{HTTP:Upgrade} =x\nRewriteRule ^/(.*) ws://b.test/$1 [P]",
    ),
    (
        "ProxyPass /app http://b.test/x\nProxyPassReverseCookiePath /app /x",
        "ProxyPass /app http://b.test/x\nProxyPassReverseCookiePath /x /app",
    ),
]


def mended(path: Path, text: str, *options: str) -> str:
    path.write_bytes(f"{text}\n".encode("latin-1"))
    main(["lint", *options, str(path)])
    return path.read_bytes().decode("latin-1").removesuffix("\n")


@pytest.mark.parametrize(("before", "after"), SAFE)
def test_safe_fixes(before, after, tmp_path, capsys):
    assert mended(tmp_path / "a.conf", before, "--fix") == after


@pytest.mark.parametrize(("before", "after"), UNSAFE)
def test_unsafe_fixes_are_asked_for(before, after, tmp_path, capsys):
    assert mended(tmp_path / "a.conf", before, "--fix", "--unsafe-fixes") == after


def test_a_difference_is_shown_and_not_made(tmp_path, capsys):
    text = "MaxClients 5"
    assert mended(tmp_path / "a.conf", text, "--diff") == text
    out = capsys.readouterr().out.splitlines()
    assert out[-2:] == ["-MaxClients 5", "+MaxRequestWorkers 5"]


def test_what_was_mended_is_not_told(tmp_path, capsys):
    mended(tmp_path / "a.conf", "NameVirtualHost *:80", "--fix", "--select", "RP503")
    assert capsys.readouterr().out == ""


def test_lines_of_macros_and_standard_input_stay():
    text = "<Macro m>\nMaxClients 5\n</Macro>\nUse m\nNameVirtualHost *:80\n"
    assert list(fixed(lint(load_text(text)), unsafe=True)) == []
